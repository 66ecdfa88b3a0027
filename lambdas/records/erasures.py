"""Tombstones: what must be erased, remembered until the last trace of it is gone.

A tombstone is written in the same transaction that hides the thing. The message to the erasure
queue is only the fast way; the reconciler sends it again for every tombstone that is due. Whoever
erases deletes the tombstone last, and a message without a tombstone is an old one and does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.ids import is_owner
from lambdas.records import keys
from lambdas.table import Delete, Index, Key, Put, Update

if TYPE_CHECKING:
    from lambdas.ports import Table

# The queue's own way takes seconds; a tombstone that is older than this has lost its message.
OVERDUE = timedelta(minutes=10)


class ErasureKind(StrEnum):
    """What is erased."""

    PHOTO = "photo"
    SUBJECT = "subject"
    GENERATION = "generation"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Erasure:
    """One thing of one owner; an account's id is its owner, a photo also names its subject."""

    kind: ErasureKind
    owner: str
    id: str
    subject_id: str | None = None

    def message(self) -> dict[str, str]:
        """What goes through the erasure queue."""
        message = {"kind": self.kind.value, "owner": self.owner, "id": self.id}
        if self.subject_id:
            message["subject_id"] = self.subject_id
        return message

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Erasure:
        """The inverse of `message`; raises ValueError for anything else."""
        owner, target = message.get("owner"), message.get("id")
        subject = message.get("subject_id")
        if not (isinstance(owner, str) and is_owner(owner) and isinstance(target, str)):
            raise ValueError("an erasure names an owner and an id")
        return cls(ErasureKind(str(message.get("kind"))), owner, target, subject)

    @property
    def key(self) -> Key:
        """The tombstone's key."""
        return keys.erasure_key(self.owner, self.kind, self.id)


def tombstone(erasure: Erasure, *, due: datetime) -> Put:
    """The write that must go with the one that hides the thing. `due`: when it counts as lost."""
    return Put(
        {
            "pk": erasure.key.pk,
            "sk": erasure.key.sk,
            "gsi2pk": keys.ERASURES,
            "gsi2sk": moments.to_text(due),
            **erasure.message(),
        }
    )


def is_pending(table: Table, erasure: Erasure) -> bool:
    """Whether its tombstone stands: if not, there is nothing (left) to do."""
    return table.get(erasure.key) is not None


def kept_until(table: Table, erasure: Erasure) -> datetime | None:
    """Until when something may still be written, as far as an earlier run found out."""
    quiet_at = (table.get(erasure.key) or {}).get("quiet_at")
    return moments.from_text(quiet_at) if quiet_at else None


def due_erasures(table: Table, now: datetime, *, limit: int = 100) -> list[Erasure]:
    """What should have been erased by now: send each of them again."""
    page = table.query(keys.ERASURES, index=Index.BY_STATE, up_to=moments.to_text(now), limit=limit)
    return [Erasure.from_message(item) for item in page.items]


def keep_until(table: Table, erasure: Erasure, quiet_at: datetime) -> None:
    """Something may still be written until then: keep the tombstone, and come back."""
    text = moments.to_text(quiet_at)
    table.write(Update(erasure.key, set={"gsi2sk": text, "quiet_at": text}))


def bury(erasure: Erasure) -> Delete:
    """The last write of an erasure."""
    return Delete(erasure.key)
