"""Subjects."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from lambdas.domain.subject import SubjectKind, SubjectState
from lambdas.openapi.answers.common import AnswerModel


class Consent(AnswerModel):
    """What was declared when the subject was made: by whom, for whom, in which words."""

    statement: str
    sha256: Annotated[str, Field(description="Of the statement: UTF-8, Unicode form C.")]
    version: str | None
    given_at: datetime
    given_by: str
    given_for: Annotated[str, Field(description="The subject's name as it was then.")]


class PhotoNumbers(AnswerModel):
    """How many photos are where, and how many a training needs."""

    accepted: int
    checking: int
    rejected: int
    minimum: int
    maximum: int


class Subject(AnswerModel):
    """Who or what is learned."""

    id: str
    name: str
    kind: SubjectKind
    class_noun: str
    state: SubjectState
    photos: PhotoNumbers
    active_training: str | None
    adapter_expires_at: Annotated[
        datetime | None, Field(description="When what was learned is removed.")
    ]
    adapter_expired_at: Annotated[
        datetime | None,
        Field(description="When it was removed, its time being over: it needs another training."),
    ]
    consent: Consent
    created_at: datetime
