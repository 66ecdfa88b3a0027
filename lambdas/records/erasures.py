"""Tombstones: what must be erased, remembered until the last trace of it is gone.

A tombstone is written in the same transaction that hides the thing. The message to the erasure
queue is only the fast way; the reconciler sends it again for every tombstone that is due. Whoever
erases deletes the tombstone last, and a message without a tombstone is an old one and does nothing.

The tombstone also remembers how far the erasure is: `step` and `batch` are where it stands, and
`removed` has counted what lay there *before* any of it was removed. That is one conditional write,
so an erasure that is interrupted and resumed counts nothing twice and forgets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.ids import Prefix, is_owner, new_id
from lambdas.domain.receipt import ErasureState, Receipt, target_hash
from lambdas.records import keys
from lambdas.records.receipts import moved, new_receipt
from lambdas.table import Delete, Index, Is, Item, Key, Put, Update, Write

if TYPE_CHECKING:
    from lambdas.ports import Table

# The queue's own way takes seconds; a tombstone that is older than this has lost its message.
OVERDUE = timedelta(minutes=10)
# When everything is gone at the latest, unless the environment says otherwise.
DEADLINE = timedelta(hours=24)


class ErasureKind(StrEnum):
    """What is erased."""

    PHOTO = "photo"
    UPLOAD = "upload"
    ADAPTER = "adapter"
    SUBJECT = "subject"
    GENERATION = "generation"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Erasure:
    """One thing of one owner; an account's id is its owner, photos and adapters name their subject.

    `receipt_id` leads to how it stands; only subjects and accounts have one.
    """

    kind: ErasureKind
    owner: str
    id: str
    subject_id: str | None = None
    receipt_id: str | None = field(default=None, compare=False)

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


def with_receipt(erasure: Erasure, now: datetime, within: timedelta) -> tuple[Erasure, Put]:
    """The erasure with a receipt of its own, due `within` that time, and the write that begins it.

    The receipt's id is drawn at random and named after nothing: it opens the receipt to whoever has
    it, also when the account is gone.
    """
    receipt = Receipt(
        id=new_id(Prefix.ERASURE, now),
        kind=erasure.kind.value,
        target_sha256=target_hash(erasure.id),
        requested_at=now,
        erased_by=now + within,
    )
    return replace(erasure, receipt_id=receipt.id), new_receipt(receipt)


@dataclass(frozen=True)
class Progress:
    """How far an erasure is.

    `addresses`: objects that the endpoint may yet write, under names that SageMaker drew.
    `due`: when it is looked at again. `quiet_at`: until when something may still be written.
    `signs_in`: the owner is a person.
    """

    erasure: Erasure
    due: datetime
    step: str = ""
    batch: str = ""
    passes: int = 1
    removed: Mapping[str, int] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    quiet_at: datetime | None = None
    signs_in: bool = False


def tombstone(
    erasure: Erasure, *, due: datetime, signs_in: bool = False, when: tuple[Any, ...] = ()
) -> Put:
    """The write that must go with the one that hides the thing. `due`: when it counts as lost."""
    return Put(
        {
            "pk": erasure.key.pk,
            "sk": erasure.key.sk,
            "gsi2pk": keys.ERASURES,
            "gsi2sk": moments.to_text(due),
            "step": "",
            "batch": "",
            "passes": 1,
            **({"receipt_id": erasure.receipt_id} if erasure.receipt_id else {}),
            **({"signs_in": True} if signs_in else {}),
            **erasure.message(),
        },
        when=when,
    )


def read_progress(table: Table, erasure: Erasure) -> Progress | None:
    """How far it is; None if no tombstone stands: there is nothing (left) to do."""
    item = table.get(erasure.key)
    return _progress_from(item) if item else None


def _progress_from(item: Item) -> Progress:
    quiet_at = item.get("quiet_at")
    return Progress(
        erasure=replace(Erasure.from_message(item), receipt_id=item.get("receipt_id")),
        due=moments.from_text(item["gsi2sk"]),
        step=item["step"],
        batch=item["batch"],
        passes=item["passes"],
        removed=item.get("removed", {}),
        addresses=tuple(item.get("addresses", ())),
        quiet_at=moments.from_text(quiet_at) if quiet_at else None,
        signs_in=item.get("signs_in", False),
    )


def standing_erasures(table: Table, owner: str) -> list[Progress]:
    """All tombstones of one owner."""
    found: list[Progress] = []
    after = None
    while True:
        page = table.query(keys.owner_partition(owner), prefix=f"{keys.ERASURES}#", after=after)
        found += [_progress_from(item) for item in page.items]
        after = page.next
        if after is None:
            return found


def due_erasures(table: Table, now: datetime, *, limit: int = 100) -> list[Erasure]:
    """What should have been erased by now: send each of them again."""
    page = table.query(keys.ERASURES, index=Index.BY_STATE, up_to=moments.to_text(now), limit=limit)
    return [Erasure.from_message(item) for item in page.items]


def enter(
    table: Table, progress: Progress, step: str, batch: str, found: Mapping[str, int]
) -> Progress:
    """Go on to a step, having counted what it will remove.

    Raises ConditionFailed if another run of the same erasure went on in the meantime.
    """
    removed = dict(progress.removed)
    for name, count in found.items():
        if count:
            removed[name] = removed.get(name, 0) + count
    after = replace(progress, step=step, batch=batch, removed=removed)
    _change(
        table,
        progress,
        {"step": step, "batch": batch, "removed": removed},
        ErasureState.REMOVING,
    )
    return after


def again(table: Table, progress: Progress, *, waits: bool) -> Progress:
    """Everything that was found is gone: from the beginning, once more."""
    after = replace(progress, step="", batch="", passes=progress.passes + 1)
    _change(
        table,
        progress,
        {"step": "", "batch": "", "passes": after.passes},
        ErasureState.WAITING if waits else ErasureState.REMOVING,
    )
    return after


def expect_until(
    table: Table, progress: Progress, quiet_at: datetime, addresses: tuple[str, ...] = ()
) -> Progress:
    """Something may still be written until then: keep the tombstone, and come back."""
    latest = max(quiet_at, progress.quiet_at or quiet_at)
    known = tuple(dict.fromkeys((*progress.addresses, *addresses)))
    if (latest, known) == (progress.quiet_at, progress.addresses):
        return progress
    text = moments.to_text(latest)
    changes = {"gsi2sk": text, "quiet_at": text, "addresses": list(known)}
    table.write(Update(progress.erasure.key, set=changes))
    return replace(progress, quiet_at=latest, addresses=known)


def quiet_now(table: Table, progress: Progress, now: datetime) -> Progress:
    """What was expected has come to its end earlier."""
    text = moments.to_text(now)
    table.write(Update(progress.erasure.key, set={"gsi2sk": text, "quiet_at": text}))
    return replace(progress, quiet_at=now)


def bury(erasure: Erasure) -> Delete:
    """The last write of an erasure."""
    return Delete(erasure.key)


def _change(
    table: Table, progress: Progress, changes: Mapping[str, Any], state: ErasureState
) -> None:
    when = (
        Is("step", progress.step),
        Is("batch", progress.batch),
        Is("passes", progress.passes),
    )
    writes: list[Write] = [Update(progress.erasure.key, set=changes, when=when)]
    if progress.erasure.receipt_id:
        writes.append(moved(progress.erasure.receipt_id, state))
    table.write(*writes)
