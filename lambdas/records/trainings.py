"""Trainings in the table.

A training, its subject's state and its owner's counter change together or not at all: that a
subject has one active training at most is a condition on its item, not a look before a leap.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from contract.adapter import AdapterScores
from contract.training_presets import PresetName
from lambdas.domain import moments
from lambdas.domain.errors import Conflict, NotFound, Unavailable
from lambdas.domain.subject import SubjectState
from lambdas.domain.training import (
    ACTIVE_TRAINING_STATES,
    TRAINING,
    Failure,
    PublishedAdapter,
    Training,
    TrainingState,
)
from lambdas.records import keys
from lambdas.records.account import Counted, one_less, one_more, read_account, why_not_one_more
from lambdas.records.failures import failure_from, failure_item
from lambdas.table import NEW, AtMost, ConditionFailed, Index, Is, Item, Page, Put, Update, Write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambdas.ports import Table
    from lambdas.records.quotas import Spending

ENTITY = "TRAINING"
# How often an end is tried against changes that come in between.
_RACES = 5
_ACTIVE = sorted(state.value for state in ACTIVE_TRAINING_STATES)
_STARTABLE = (SubjectState.COLLECTING, SubjectState.READY)


def training_from(item: Item) -> Training:
    """The training that an item holds."""
    adapter, preset, scores = item.get("adapter"), item.get("preset"), item.get("scores")
    return Training(
        id=item["id"],
        subject_id=item["subject_id"],
        owner=item["owner"],
        created_at=moments.from_text(item["created_at"]),
        updated_at=moments.from_text(item["updated_at"]),
        state=TrainingState(item["state"]),
        attempt=item["attempt"],
        failure=failure_from(item.get("failure")),
        adapter=PublishedAdapter(adapter["sha256"], adapter["size_bytes"]) if adapter else None,
        preset=PresetName(preset) if preset else None,
        scores=_scores_from(scores) if scores else None,
        base_model=item.get("base_model"),
    )


def _scores_from(item: Mapping[str, Any]) -> AdapterScores:
    """The table has no floats that are whole numbers."""
    fidelity = item["prompt_fidelity"]
    return AdapterScores(
        measure=item["measure"],
        step=item["step"],
        identity=float(item["identity"]),
        prompt_fidelity=None if fidelity is None else float(fidelity),
        likeness=float(item["likeness"]),
        score=float(item["score"]),
    )


def _item(training: Training) -> Item:
    key = keys.training_key(training.owner, training.id)
    since = moments.to_text(training.created_at)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "gsi1pk": keys.subject_partition(training.owner, training.subject_id),
        "gsi1sk": key.sk,
        "gsi2pk": keys.state_partition(ENTITY, training.state),
        "gsi2sk": since,
        "id": training.id,
        "subject_id": training.subject_id,
        "owner": training.owner,
        "state": training.state.value,
        "attempt": training.attempt,
        "preset": training.preset and training.preset.value,
        "base_model": training.base_model,
        "created_at": since,
        "updated_at": since,
    }


def read_training(table: Table, owner: str, training_id: str) -> Training:
    """The training; raises NotFound."""
    item = table.get(keys.training_key(owner, training_id))
    if item is None:
        raise NotFound("training")
    return training_from(item)


def list_trainings(
    table: Table,
    owner: str,
    subject_id: str,
    *,
    limit: int,
    after: Mapping[str, str] | None = None,
) -> Page:
    """The items of a subject's trainings, the newest first."""
    return table.query(
        keys.subject_partition(owner, subject_id),
        prefix=keys.TRAININGS,
        index=Index.BY_OWNER,
        newest_first=True,
        limit=limit,
        after=after,
    )


def create_training(
    table: Table, training: Training, *, limit: int, spending: Spending | None = None
) -> None:
    """Save a queued training and mark its subject.

    Raises Conflict `training_active` if the subject has one, LimitReached if its owner has `limit`
    or used up the day's quota, NotFound if the subject is gone.
    """
    owner = training.owner
    subject = Update(
        keys.subject_key(owner, training.subject_id),
        set={
            "state": SubjectState.TRAINING.value,
            "active_training": training.id,
            "updated_at": moments.to_text(training.created_at),
        },
        when=(Is("state", *(state.value for state in _STARTABLE)),),
    )
    count = one_more(owner, Counted.TRAININGS, limit=limit)
    try:
        day = [spending.write] if spending else []
        table.write(Put(_item(training), when=NEW), subject, count, *day)
    except ConditionFailed as failed:
        if 1 in failed.failed:
            raise _why_not_startable(table, training) from failed
        if spending and 3 in failed.failed:
            raise spending.refusal(table) or failed from failed
        reason = why_not_one_more(table, owner, Counted.TRAININGS, limit=limit)
        raise reason or failed from failed


def _why_not_startable(table: Table, training: Training) -> Conflict | NotFound:
    item = table.get(keys.subject_key(training.owner, training.subject_id))
    if item is None or item["state"] == SubjectState.DELETING:
        return NotFound("subject")
    return Conflict(
        "This subject is being trained already. Wait for it to end, or cancel it.",
        code="training_active",
    )


def note_attempt(table: Table, training: Training, attempt: int, now: datetime) -> bool:
    """An attempt is being prepared; False if the training has ended."""
    try:
        table.write(
            Update(
                keys.training_key(training.owner, training.id),
                set={"attempt": attempt, "updated_at": moments.to_text(now)},
                when=(Is("state", *_ACTIVE),),
            )
        )
    except ConditionFailed:
        return False
    return True


def mark_running(table: Table, training: Training, now: datetime, *, attempt: int) -> bool:
    """An attempt has begun; False if the training has ended, or is further than that."""
    try:
        table.write(
            Update(
                keys.training_key(training.owner, training.id),
                set={
                    "state": TrainingState.RUNNING.value,
                    "attempt": attempt,
                    "updated_at": moments.to_text(now),
                    "gsi2pk": keys.state_partition(ENTITY, TrainingState.RUNNING),
                    "gsi2sk": moments.to_text(now),
                },
                when=(Is("state", *_ACTIVE), AtMost("attempt", attempt)),
            )
        )
    except ConditionFailed:
        return False
    return True


def end_training(
    table: Table,
    owner: str,
    training_id: str,
    target: TrainingState,
    now: datetime,
    *,
    failure: Failure | None = None,
    adapter: PublishedAdapter | None = None,
    scores: AdapterScores | None = None,
) -> bool:
    """End a training in `target`; False if it is gone, has ended, or cannot end so.

    A subject that is being deleted keeps its state: only the training ends and the count goes down.
    Nothing succeeds for such a subject. What changes between reading and writing is read again.
    """
    for _ in range(_RACES):
        item = table.get(keys.training_key(owner, training_id))
        if item is None or not TRAINING.allows(TrainingState(item["state"]), target):
            return False
        training = training_from(item)
        writes: list[Write] = [_ending(training, target, now, failure, adapter, scores)]
        subject = table.get(keys.subject_key(owner, training.subject_id))
        if subject is not None and subject["state"] != SubjectState.DELETING:
            writes.append(_subject_after(training, subject, target, now))
        elif target is TrainingState.SUCCEEDED:
            return False
        if read_account(table, owner).active_trainings > 0:
            writes.append(one_less(owner, Counted.TRAININGS))
        try:
            table.write(*writes)
        except ConditionFailed:
            continue
        return True
    raise Unavailable("records")


def _ending(
    training: Training,
    target: TrainingState,
    now: datetime,
    failure: Failure | None,
    adapter: PublishedAdapter | None,
    scores: AdapterScores | None,
) -> Update:
    changes: dict[str, Any] = {"state": target.value, "updated_at": moments.to_text(now)}
    if failure is not None:
        changes["failure"] = failure_item(failure)
    if adapter is not None:
        changes["adapter"] = {"sha256": adapter.sha256, "size_bytes": adapter.size_bytes}
    if scores is not None:
        changes["scores"] = asdict(scores)
    return Update(
        keys.training_key(training.owner, training.id),
        set=changes,
        remove=("gsi2pk", "gsi2sk"),
        when=(Is("state", *(state.value for state in TRAINING.sources(target))),),
    )


def _subject_after(
    training: Training, subject: Item, target: TrainingState, now: datetime
) -> Update:
    changes = {"updated_at": moments.to_text(now)}
    ended: tuple[str, ...] = ("active_training",)
    if target is TrainingState.SUCCEEDED:
        changes |= {"state": SubjectState.READY.value, "active_adapter": training.id}
        changes["adapter_since"] = changes["updated_at"]
        ended = ("active_training", "adapter_expired_at")
    else:
        back = SubjectState.READY if subject.get("active_adapter") else SubjectState.COLLECTING
        changes["state"] = back.value
    return Update(
        keys.subject_key(training.owner, training.subject_id),
        set=changes,
        remove=ended,
        when=(
            Is("state", SubjectState.TRAINING.value),
            Is("active_training", training.id),
        ),
    )
