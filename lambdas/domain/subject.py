"""A subject: who or what is learned.

collecting ──► training ──► ready
    ▲             │  ▲        │
    └─(failed,────┘  └────────┘   training again keeps the adapter that is active
       no adapter)             │
    ▲                          │
    └──────────────────────────┘   its adapter was kept for its time: it needs another training
any of them ──► deleting          hidden from its owner; ends with the erasure
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdas.domain.states import StateMachine

if TYPE_CHECKING:
    from datetime import datetime


class SubjectKind(StrEnum):
    """What is learned; it decides how many photos are needed and how they are screened."""

    PERSON = "person"
    PET = "pet"
    OBJECT = "object"
    STYLE = "style"


# What a subject is an instance of, unless its owner says it better ("dog", "teapot").
DEFAULT_CLASS_NOUNS = {
    SubjectKind.PERSON: "person",
    SubjectKind.PET: "pet",
    SubjectKind.OBJECT: "object",
    SubjectKind.STYLE: "style",
}


class SubjectState(StrEnum):
    """Where a subject is in its life."""

    COLLECTING = "collecting"
    TRAINING = "training"
    READY = "ready"
    DELETING = "deleting"


SUBJECT = StateMachine(
    "subject",
    {
        SubjectState.COLLECTING: frozenset({SubjectState.TRAINING, SubjectState.DELETING}),
        SubjectState.TRAINING: frozenset(
            {SubjectState.READY, SubjectState.COLLECTING, SubjectState.DELETING}
        ),
        SubjectState.READY: frozenset(
            {SubjectState.TRAINING, SubjectState.COLLECTING, SubjectState.DELETING}
        ),
        SubjectState.DELETING: frozenset(),
    },
)
# The states in which a subject exists for its owner.
LIVE_SUBJECT_STATES = SUBJECT.sources(SubjectState.DELETING)


@dataclass(frozen=True)
class Consent:
    """What was declared about the right to use these photos; never changed afterwards.

    `given_by` is the caller who declared it, `given_for` the name of whom or what it is about, as
    it was then. The wording is kept whole, with its SHA-256 and the client's `version` of it.
    """

    statement: str
    given_at: datetime
    given_by: str
    given_for: str
    version: str | None = None

    @property
    def sha256(self) -> str:
        """Of the statement in UTF-8 (Unicode form C): the same wording, the same number."""
        text = unicodedata.normalize("NFC", self.statement)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class PhotoCounts:
    """How many photos are where; `places` = awaiting upload + checking + accepted.

    `checking` has those in review, too.
    `accepted_ever` only grows: it numbers the accepted photos.
    """

    places: int = 0
    checking: int = 0
    accepted: int = 0
    rejected: int = 0
    accepted_ever: int = 0


@dataclass(frozen=True)
class Subject:
    """One subject. `active_adapter` is the training whose adapter serves generations.

    `adapter_expired_at`: when its last one was removed, kept for as long as was said.
    """

    id: str
    owner: str
    name: str
    kind: SubjectKind
    class_noun: str
    consent: Consent
    created_at: datetime
    state: SubjectState = SubjectState.COLLECTING
    photos: PhotoCounts = field(default_factory=PhotoCounts)
    active_training: str | None = None
    active_adapter: str | None = None
    adapter_since: datetime | None = None
    adapter_expired_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Whether it still exists for its owner."""
        return self.state in LIVE_SUBJECT_STATES

    def after_failed_training(self) -> SubjectState:
        """The state to which a training that published nothing returns."""
        target = SubjectState.READY if self.active_adapter else SubjectState.COLLECTING
        return SUBJECT.step(SubjectState.TRAINING, target)
