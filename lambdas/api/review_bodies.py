"""What users and moderators send about reviews."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from lambdas.api.messages import Body
from lambdas.domain.review import Decision, ReportReason

_MAX_CHARACTERS = 1000
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_MAX_CHARACTERS)
]


class ReportImage(Body):
    """What is wrong with an image; `note` is read by moderators."""

    reason: ReportReason
    note: Words | None = None


class AppealImage(Body):
    """Why an image should not have been withheld; read by moderators."""

    note: Words | None = None


class AppealBlock(Body):
    """Why the account should not be blocked; read by moderators."""

    note: Words


class DecideReview(Body):
    """What a moderator decides, and why."""

    decision: Decision
    note: Words | None = Field(default=None, description="Read by moderators and auditors only.")
