"""What moderators look at, and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from lambdas.api.reviews import Preview
from lambdas.domain.audit import AuditAction
from lambdas.domain.review import Decision, ReportReason, ReviewReason, ReviewState
from lambdas.domain.standing import StandingName
from lambdas.openapi.answers.common import AnswerModel


class Label(AnswerModel):
    """A label of DetectModerationLabels; confidence 0–100."""

    name: str
    parent: str
    confidence: float


class ReviewDecision(AnswerModel):
    """What a moderator decided."""

    decision: Decision
    by: str
    at: datetime
    note: str | None


class ReviewSummary(AnswerModel):
    """What a moderator looks at: an image, a photo or, without either, a blocked account."""

    id: str
    state: ReviewState
    reason: Annotated[ReviewReason, Field(description="What last brought it into the queue.")]
    account_id: str
    generation_id: str | None
    image_id: str | None
    subject_id: str | None
    photo_id: str | None
    labels: list[Label]
    report_reason: ReportReason | None
    statement: Annotated[str | None, Field(description="The owner's words, screened.")]
    appealed: bool
    opened_at: datetime
    decision: Annotated[ReviewDecision | None, Field(description="The last one.")]


class AccountStanding(AnswerModel):
    """How an account stands; violations weigh half as much with every half-life."""

    standing: StandingName
    violations: float


class ReviewPreview(AnswerModel):
    """A link to the image or photo, for a minute."""

    kind: Preview
    url: str
    expires_at: datetime


class Review(ReviewSummary):
    """All of a review; `preview` is null for an account, once the picture is gone, and of
    a photo once it is decided."""

    account: AccountStanding
    preview: ReviewPreview | None


class AuditEntry(AnswerModel):
    """What a moderator did. `genuine` is false for an entry that is not what was written."""

    id: str
    at: datetime
    by: str
    action: AuditAction
    decision: Decision | None
    review_id: str
    account_id: str
    generation_id: str | None
    image_id: str | None
    subject_id: str | None
    photo_id: str | None
    before: dict[str, str]
    after: dict[str, str]
    note: Annotated[str | None, Field(description="Gone with the account that it is about.")]
    note_sha256: str | None
    genuine: bool
