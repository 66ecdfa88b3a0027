"""Published adapters: each is its training's, and one of them is its subject's active one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.errors import Unavailable
from lambdas.domain.subject import SubjectState
from lambdas.domain.training import Training, TrainingState
from lambdas.records import keys
from lambdas.records.erasures import OVERDUE, Erasure, ErasureKind, tombstone
from lambdas.records.subjects import IS_LIVE, read_subject
from lambdas.records.trainings import training_from
from lambdas.table import ConditionFailed, Is, Present, Update, Write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lambdas.ports import Table

_RACES = 5


def published(table: Table, owner: str, subject_id: str) -> Iterator[Training]:
    """The trainings of a subject whose adapters are there."""
    after = None
    while True:
        page = table.query(keys.owner_partition(owner), prefix=keys.TRAININGS, after=after)
        for item in page.items:
            if item["subject_id"] == subject_id and "adapter" in item:
                yield training_from(item)
        after = page.next
        if after is None:
            return


def begin_adapter_erasure(table: Table, training: Training, now: datetime) -> Erasure:
    """Take the adapter from its training and its subject, and leave a tombstone for its files.

    A subject whose active adapter goes has to be trained again, and says so. Raises NotFound if it
    is gone as a whole.
    """
    owner, subject_id = training.owner, training.subject_id
    erasure = Erasure(ErasureKind.ADAPTER, owner, training.id, subject_id)
    since = moments.to_text(now)
    for _ in range(_RACES):
        subject = read_subject(table, owner, subject_id)
        writes: list[Write] = [
            Update(
                keys.training_key(owner, training.id),
                remove=("adapter",),
                when=(Is("state", TrainingState.SUCCEEDED.value), Present("adapter")),
            ),
            tombstone(erasure, due=now + OVERDUE),
        ]
        if subject.active_adapter == training.id:
            changes = {"adapter_expired_at": since, "updated_at": since}
            if subject.state is SubjectState.READY:
                changes["state"] = SubjectState.COLLECTING.value
            writes.append(
                Update(
                    keys.subject_key(owner, subject_id),
                    set=changes,
                    remove=("active_adapter", "adapter_since"),
                    when=(
                        Is("state", subject.state.value),
                        Is("active_adapter", training.id),
                    ),
                )
            )
        else:
            writes.append(
                Update(
                    keys.subject_key(owner, subject_id), set={"updated_at": since}, when=(IS_LIVE,)
                )
            )
        try:
            table.write(*writes)
        except ConditionFailed:
            continue
        return erasure
    raise Unavailable("records")
