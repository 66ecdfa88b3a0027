"""The caller's own usage and limits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from lambdas.domain.standing import StandingName
from lambdas.openapi.answers.common import AnswerModel


class Numbers(AnswerModel):
    """How many of each."""

    subjects: int
    active_trainings: int
    active_generations: int


class Quota(AnswerModel):
    """How much of something a day brings; more of it is 429 `daily_quota_reached` until then."""

    used: int
    limit: int
    resets_at: datetime


class Quotas(AnswerModel):
    """What the caller may begin in a day of UTC; `uploads` are slots that were asked for, and
    pictures inside a request."""

    subjects: Quota
    uploads: Quota
    trainings: Quota
    generations: Quota
    images: Quota
    verifications: Quota


class Me(AnswerModel):
    """The caller's own usage and limits."""

    id: str
    groups: list[str]
    usage: Numbers
    limits: Numbers
    standing: Annotated[
        StandingName, Field(description="Whether violations of the rules slow or block it.")
    ]
    quotas: Quotas
    erasing: bool
