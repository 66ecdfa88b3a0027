"""What answers of several resources share, and refusals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

ItemT = TypeVar("ItemT")


class AnswerModel(BaseModel):
    """A document of ours: nothing is in it that its schema does not name."""

    model_config = ConfigDict(extra="forbid")


class Nothing(AnswerModel):
    """An empty object: it was accepted, and there is nothing to follow."""


class Page(AnswerModel, Generic[ItemT]):
    """Part of a list. `next_cursor` goes into `?cursor=` for the next part; null at the end."""

    items: list[ItemT]
    next_cursor: str | None


class FieldProblem(AnswerModel):
    """What is wrong with one field: where (RFC 6901), in words, as a stable code."""

    pointer: str
    detail: str
    code: str


class Problem(AnswerModel):
    """A refusal (RFC 9457). `code` is stable; `detail` is for people and may change."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] | None = None
    category: Annotated[
        str | None, Field(description="Of words that were refused: what they were taken for.")
    ] = None


class Failure(AnswerModel):
    """Why something ended badly: a stable code, and a sentence for people."""

    code: str
    reason: str


class UploadForm(AnswerModel):
    """A presigned POST: send `fields`, then the file as `file`, as multipart/form-data."""

    url: str
    fields: dict[str, str]
    expires_at: datetime
