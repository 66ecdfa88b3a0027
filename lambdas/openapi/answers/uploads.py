"""Init images and masks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from lambdas.domain.upload import UploadPurpose, UploadRejection, UploadState
from lambdas.openapi.answers.common import AnswerModel, UploadForm


class Upload(AnswerModel):
    """An init image or a mask; `code` and `reason` say why it was rejected, `url` shows it once
    accepted."""

    id: str
    purpose: UploadPurpose
    state: UploadState
    content_type: str
    size_bytes: int
    created_at: datetime
    expires_at: Annotated[datetime | None, Field(description="When it is removed.")]
    code: UploadRejection | None = None
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    url: str | None = None


class UploadSlot(Upload):
    """An upload that waits for its file."""

    upload: UploadForm
