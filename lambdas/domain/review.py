"""A review: one thing that a moderator has to look at, an image, a photo or a blocked account.

    open ──┬─► released ──► open    its owner reports it, once
           ├─► withheld ──► open    its owner appeals, once
           └─► banned               for good

An image has at most one review, whatever brings it into the queue and however often: screening that
withheld it, a report of a released one, an appeal. For an image `released` means that its owner may
have it, `withheld` that they may not, `banned` that besides their account is blocked. For an
account `released` means that the block is lifted, `withheld` and `banned` that it stays.

A photo has a review if screening holds it. `released`: it is checked on; `withheld`, `banned`: it
is rejected. All are final: a photo is not reported, since only its owner sees it, and there is no
appeal, since it is gone by then. Who uploads it again has it reviewed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdas.domain.states import StateMachine

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.ports import ModerationLabel


class ReviewState(StrEnum):
    """Where a review is in its life."""

    OPEN = "open"
    RELEASED = "released"
    WITHHELD = "withheld"
    BANNED = "banned"


_S = ReviewState

REVIEW = StateMachine(
    "review",
    {
        _S.OPEN: frozenset({_S.RELEASED, _S.WITHHELD, _S.BANNED}),
        _S.RELEASED: frozenset({_S.OPEN}),
        _S.WITHHELD: frozenset({_S.OPEN}),
        _S.BANNED: frozenset(),
    },
)


class ReviewReason(StrEnum):
    """What last brought it into the queue."""

    SCREENING = "screening"
    REPORT = "report"
    APPEAL = "appeal"
    BLOCK = "block"


class ReportReason(StrEnum):
    """What a user finds wrong with an image."""

    SEXUAL = "sexual"
    VIOLENCE = "violence"
    HATE = "hate"
    MINOR = "minor"
    ANOTHER_PERSON = "another_person"
    OTHER = "other"


class Decision(StrEnum):
    """What a moderator decides."""

    RELEASE = "release"
    WITHHOLD = "withhold"
    BAN = "ban"

    @property
    def state(self) -> ReviewState:
        """Where it leads."""
        return _LEADS_TO[self]


_LEADS_TO = {
    Decision.RELEASE: ReviewState.RELEASED,
    Decision.WITHHOLD: ReviewState.WITHHELD,
    Decision.BAN: ReviewState.BANNED,
}


@dataclass(frozen=True)
class Image:
    """Which image a review is of."""

    generation_id: str
    image_id: str


@dataclass(frozen=True)
class HeldPhoto:
    """Which photo a review is of."""

    subject_id: str
    photo_id: str


@dataclass(frozen=True)
class Decided:
    """The last decision: `by` is a moderator's account, `entry` its entry in the audit log."""

    by: str
    at: datetime
    decision: Decision
    entry: str


@dataclass(frozen=True)
class Review:
    """One review, `of` an image or a photo; of None it is of the account `owner`, which is blocked.

    `labels`: what screening found. `report` and `statement` are the owner's words, screened.
    `was_released`: the kept file has been among the released images, and is as it was there.
    `notes`: what moderators noted, by the entry of the audit log; they stand here and not there, so
    that they go with the account. `revision` counts changes. `expires_at` (epoch seconds): when the
    image is gone anyway.
    """

    id: str
    owner: str
    of: Image | HeldPhoto | None
    reason: ReviewReason
    opened_at: datetime
    created_at: datetime
    state: ReviewState = ReviewState.OPEN
    labels: tuple[ModerationLabel, ...] = ()
    report: ReportReason | None = None
    appealed: bool = False
    statement: str | None = None
    was_released: bool = False
    decided: Decided | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1
    expires_at: int | None = None

    @property
    def image(self) -> Image | None:
        """The image that it is of."""
        return self.of if isinstance(self.of, Image) else None

    @property
    def photo(self) -> HeldPhoto | None:
        """The photo that it is of."""
        return self.of if isinstance(self.of, HeldPhoto) else None

    @property
    def is_open(self) -> bool:
        """Whether it waits for a moderator."""
        return self.state is ReviewState.OPEN

    @property
    def may_be_reported(self) -> bool:
        """Whether a report opens it again: a moderator answers one report of an image."""
        return REVIEW.allows(self.state, ReviewState.OPEN) and self.report is None

    @property
    def may_be_appealed(self) -> bool:
        """Whether an appeal changes anything: one is heard, and none against a ban."""
        return self.state in {ReviewState.OPEN, ReviewState.WITHHELD} and not self.appealed

    def reopened(self, reason: ReviewReason, now: datetime) -> Review:
        """Back in the queue; one that waits already keeps its place. Raises IllegalTransition."""
        if self.is_open:
            return replace(self, reason=reason)
        state = REVIEW.step(self.state, ReviewState.OPEN)
        return replace(self, state=state, reason=reason, opened_at=now)

    def decided_as(self, decision: Decision, *, by: str, at: datetime, entry: str) -> Review:
        """As it stands after the decision; raises IllegalTransition unless it is open."""
        state = REVIEW.step(self.state, decision.state)
        return replace(self, state=state, decided=Decided(by, at, decision, entry))
