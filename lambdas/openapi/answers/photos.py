"""Photos of a subject, and the verdict on them together."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from lambdas.domain.photo import PhotoState, RejectionCode
from lambdas.domain.photo_set import AdviceCode
from lambdas.openapi.answers.common import AnswerModel, Page, UploadForm


class Photo(AnswerModel):
    """A photo; `code` and `reason` say why it was rejected, `url` shows it once accepted.

    One that is `in_review` waits for a moderator, and has a `reason` without a `code`.
    """

    id: str
    state: PhotoState
    content_type: str
    size_bytes: int
    created_at: datetime
    expires_at: Annotated[datetime | None, Field(description="When it is removed.")]
    code: RejectionCode | None = None
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    url: str | None = None


class PhotoSetAdvice(AnswerModel):
    """What would make the photos better to learn from, in words and as a stable code."""

    code: AdviceCode
    detail: str


class PhotoSet(AnswerModel):
    """The verdict on the accepted photos together; a training needs `minimum_score`."""

    score: Annotated[int, Field(ge=0, le=100)]
    minimum_score: int
    same_person: Annotated[bool, Field(description="False: some photos show somebody else.")]
    advice: list[PhotoSetAdvice]


class Photos(Page[Photo]):
    """Part of a subject's photos, and the verdict on all of them."""

    set: PhotoSet


class PhotoSlot(Photo):
    """A photo that waits for its upload."""

    upload: UploadForm


class PhotoSlots(AnswerModel):
    """One slot for each file that was asked for, in that order."""

    photos: list[PhotoSlot]
