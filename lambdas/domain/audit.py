"""An entry of the audit log: what a moderator did, in ids and states.

Nothing in it has to be erased with a user: there are ids, but no word of anybody's. The note to a
decision stands in the review; the entry has its digest, which still shows that it was that note.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.review import Decision, Review


class AuditAction(StrEnum):
    """What was done: a decision, or a look at a picture as it is."""

    DECIDE = "decide"
    VIEW_CLEAR = "view_clear"


@dataclass(frozen=True)
class AuditEntry:
    """Who (`by`, an account) did what to what, when; `before` and `after`: states by thing."""

    id: str
    at: datetime
    by: str
    action: AuditAction
    review_id: str
    account_id: str
    generation_id: str | None = None
    image_id: str | None = None
    subject_id: str | None = None
    photo_id: str | None = None
    decision: Decision | None = None
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    note_sha256: str | None = None


class PictureNames(TypedDict):
    """Which image or photo it is about; all None: neither."""

    generation_id: str | None
    image_id: str | None
    subject_id: str | None
    photo_id: str | None


def names_of(review: Review) -> PictureNames:
    """Which picture a review is of, as an entry names it; all None of an account."""
    image, photo = review.image, review.photo
    return {
        "generation_id": image.generation_id if image else None,
        "image_id": image.image_id if image else None,
        "subject_id": photo.subject_id if photo else None,
        "photo_id": photo.photo_id if photo else None,
    }


def digest(note: str) -> str:
    """What an entry says of a note."""
    return hashlib.sha256(note.encode()).hexdigest()
