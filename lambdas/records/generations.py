"""Generations in the table: each change of state is a conditional write on the state before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.errors import Conflict, NotFound, Unavailable
from lambdas.domain.generation import (
    ACTIVE_GENERATION_STATES,
    GENERATION,
    Artifact,
    Generation,
    GenerationState,
)
from lambdas.domain.ids import TIME_DIGITS, Prefix
from lambdas.domain.subject import LIVE_SUBJECT_STATES
from lambdas.records import keys
from lambdas.records.account import Counted, one_less, one_more, read_account, why_not_one_more
from lambdas.records.artifacts import artifact_from, artifact_items
from lambdas.records.erasures import OVERDUE, Erasure, ErasureKind, tombstone
from lambdas.records.failures import failure_from, failure_item
from lambdas.records.keys import HIDDEN
from lambdas.records.plans import plan_from, plan_item
from lambdas.records.subjects import IS_LIVE
from lambdas.table import (
    NEW,
    Absent,
    Check,
    ConditionFailed,
    Delete,
    Is,
    Item,
    Page,
    Put,
    Update,
    Write,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from lambdas.domain.training import Failure
    from lambdas.ports import Invocation, Table
    from lambdas.records.quotas import Spending

ENTITY = "GENERATION"
# How often an end is tried against changes that come in between.
_RACES = 5
# The subjects that it shows without being asked to: whoever erases them looks here.
ANCESTORS = "descends_from"


def generation_from(item: Item) -> Generation:
    """The generation that an item holds."""
    since = item.get("warming_since")
    return Generation(
        id=item["id"],
        owner=item["owner"],
        plan=plan_from(item["plan"]),
        created_at=moments.from_text(item["created_at"]),
        updated_at=moments.from_text(item["updated_at"]),
        deadline=moments.from_text(item["deadline"]),
        state=GenerationState(item["state"]),
        artifacts=tuple(artifact_from(artifact) for artifact in item.get("artifacts", ())),
        failure=failure_from(item.get("failure")),
        warming_since=moments.from_text(since) if since else None,
        output_uri=item.get("output_uri"),
        failure_uri=item.get("failure_uri"),
        adapter_training=item.get("adapter_training"),
        endpoint=item.get("endpoint"),
        deleting=HIDDEN in item,
        expires_at=moments.from_text(item["expires_at"]) if "expires_at" in item else None,
        descends_from=tuple(item.get(ANCESTORS, ())),
    )


def _item(generation: Generation) -> Item:
    key = keys.generation_key(generation.owner, generation.id)
    since = moments.to_text(generation.created_at)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "gsi2pk": keys.state_partition(ENTITY, generation.state),
        "gsi2sk": since,
        "id": generation.id,
        "owner": generation.owner,
        "plan": plan_item(generation.plan),
        "created_at": since,
        "updated_at": since,
        "deadline": moments.to_text(generation.deadline),
        "state": generation.state.value,
    }
    if generation.endpoint is not None:
        item["endpoint"] = generation.endpoint
    if generation.descends_from:
        item[ANCESTORS] = list(generation.descends_from)
    if generation.plan.subject_id is not None:
        subject_id = generation.plan.subject_id
        item |= {
            "gsi1pk": keys.subject_partition(generation.owner, subject_id),
            "gsi1sk": key.sk,
            "subject_id": subject_id,
            "adapter_training": generation.adapter_training,
        }
    return item


def find_generation(table: Table, owner: str, generation_id: str) -> Generation | None:
    """The generation, hidden or not, or None."""
    item = table.get(keys.generation_key(owner, generation_id))
    return generation_from(item) if item else None


def read_generation(table: Table, owner: str, generation_id: str) -> Generation:
    """The generation as its owner may see it; raises NotFound."""
    generation = find_generation(table, owner, generation_id)
    if generation is None or generation.deleting:
        raise NotFound("generation")
    return generation


def find_released(table: Table, owner: str, image: str) -> Generation | None:
    """The generation of theirs that shows this image now, or None."""
    made_at = image.partition("_")[2][:TIME_DIGITS]
    prefix = f"{keys.GENERATIONS}{Prefix.GENERATION}_{made_at}"
    # An image is named after its generation's time: there are as many as began in a millisecond.
    for item in table.query(keys.owner_partition(owner), prefix=prefix).items:
        generation = generation_from(item)
        if any(artifact.id == image for artifact in generation.shown):
            return generation
    return None


def list_generations(
    table: Table, owner: str, *, limit: int, after: Mapping[str, str] | None = None
) -> Page:
    """The items of an owner's generations, the newest first; hidden ones are among them."""
    return table.query(
        keys.owner_partition(owner),
        prefix=keys.GENERATIONS,
        newest_first=True,
        limit=limit,
        after=after,
    )


def create_generation(
    table: Table, generation: Generation, *, limit: int, spending: Spending | None = None
) -> None:
    """Save a queued generation.

    Raises LimitReached if its owner has `limit` under way or used up the day's quota, NotFound or
    Conflict `subject_not_ready` if its subject changed meanwhile, NotFound if one that it descends
    from is being erased.
    """
    owner = generation.owner
    writes: list[Write] = [
        Put(_item(generation), when=NEW),
        one_more(owner, Counted.GENERATIONS, limit=limit),
    ]
    if generation.plan.subject_id is not None:
        writes.append(
            Check(
                keys.subject_key(owner, generation.plan.subject_id),
                when=(
                    Is("state", *(state.value for state in LIVE_SUBJECT_STATES)),
                    Is("active_adapter", generation.adapter_training or ""),
                ),
            )
        )
    ancestors = [
        Check(keys.subject_key(owner, each), when=(IS_LIVE,))
        for each in generation.descends_from
        if each != generation.plan.subject_id
    ]
    first_ancestor = len(writes) + (spending is not None)
    try:
        table.write(*writes, *([spending.write] if spending else []), *ancestors)
    except ConditionFailed as failed:
        if spending and len(writes) in failed.failed:
            raise spending.refusal(table) or failed from failed
        if any(position >= first_ancestor for position in failed.failed):
            raise NotFound("image") from failed
        if 2 in failed.failed:
            raise subject_not_ready() from failed
        reason = why_not_one_more(table, owner, Counted.GENERATIONS, limit=limit)
        raise reason or failed from failed


def adapter_expired() -> Conflict:
    """The subject's adapter was kept for its time, and removed."""
    return Conflict(
        "What was learned about this subject was removed when its time was over. Train it again.",
        code="adapter_expired",
    )


def subject_not_ready() -> Conflict:
    """The subject has no adapter that could be used now."""
    return Conflict(
        "This subject has not been trained yet. Start a training and wait for it to succeed.",
        code="subject_not_ready",
    )


def note_invocation(table: Table, generation: Generation, invocation: Invocation) -> bool:
    """Where the endpoint will leave the answer; False if the generation has ended meanwhile."""
    changes: dict[str, Any] = {"output_uri": invocation.output_uri}
    if invocation.failure_uri is not None:
        changes["failure_uri"] = invocation.failure_uri
    return _change(table, generation, changes, ACTIVE_GENERATION_STATES)


def advance_generation(
    table: Table, generation: Generation, target: GenerationState, now: datetime
) -> bool:
    """Go on to a state that is not final; False if the generation is elsewhere by now."""
    changes = {
        "state": target.value,
        "updated_at": moments.to_text(now),
        "gsi2pk": keys.state_partition(ENTITY, target),
        "gsi2sk": moments.to_text(now),
    }
    if target is GenerationState.WARMING:
        changes["warming_since"] = moments.to_text(now)
    return _change(table, generation, changes, GENERATION.sources(target))


def _change(
    table: Table,
    generation: Generation,
    changes: Mapping[str, Any],
    allowed: Iterable[GenerationState],
) -> bool:
    when = (Is("state", *sorted(state.value for state in allowed)), Absent(HIDDEN))
    key = keys.generation_key(generation.owner, generation.id)
    try:
        table.write(Update(key, set=changes, when=when))
    except ConditionFailed:
        return False
    return True


def discard_generation(table: Table, generation: Generation) -> None:
    """Forget a generation that was saved and could not be handed to the endpoint.

    Its words may lie in a request that the endpoint took after all, without telling: they are
    erased once that request has expired.
    """
    erasure = Erasure(ErasureKind.GENERATION, generation.owner, generation.id)
    try:
        table.write(
            Delete(
                keys.generation_key(generation.owner, generation.id),
                when=(Is("state", GenerationState.QUEUED.value),),
            ),
            one_less(generation.owner, Counted.GENERATIONS),
            tombstone(erasure, due=generation.deadline + OVERDUE),
        )
    except ConditionFailed:
        return  # somebody ended it, or erased the account, before we could


def begin_generation_erasure(
    table: Table, owner: str, generation_id: str, now: datetime
) -> Erasure:
    """Hide the generation for good and leave its tombstone; raises NotFound."""
    erasure = Erasure(ErasureKind.GENERATION, owner, generation_id)
    for _ in range(_RACES):
        generation = read_generation(table, owner, generation_id)
        changes: dict[str, Any] = {HIDDEN: True, "updated_at": moments.to_text(now)}
        if generation.is_active:
            changes["state"] = GenerationState.CANCELLED.value
        writes: list[Write] = [
            Update(
                keys.generation_key(owner, generation_id),
                set=changes,
                remove=("gsi2pk", "gsi2sk"),
                when=(Is("state", generation.state.value), Absent(HIDDEN)),
            ),
            tombstone(erasure, due=now + OVERDUE),
        ]
        if generation.is_active and read_account(table, owner).active_generations > 0:
            writes.append(one_less(owner, Counted.GENERATIONS))
        try:
            table.write(*writes)
        except ConditionFailed:
            continue
        return erasure
    raise Unavailable("records")


def end_generation(
    table: Table,
    owner: str,
    generation_id: str,
    target: GenerationState,
    now: datetime,
    *,
    artifacts: Iterable[Artifact] = (),
    failure: Failure | None = None,
    expires_at: datetime | None = None,
    beside: Iterable[Write] = (),
) -> bool:
    """End a generation in `target`; False if it is gone or cannot end so (any more).

    `beside` is written if, and only if, this ends it.
    """
    changes: dict[str, Any] = {"state": target.value, "updated_at": moments.to_text(now)}
    changes["artifacts"] = artifact_items(artifacts)
    if failure is not None:
        changes["failure"] = failure_item(failure)
    unwatched: tuple[str, ...] = ("gsi2pk", "gsi2sk")
    if expires_at is not None:
        over = moments.to_text(expires_at)
        changes |= {"expires_at": over, "gsi2pk": keys.EXPIRY, "gsi2sk": over}
        unwatched = ()
    when = (
        Is("state", *sorted(state.value for state in GENERATION.sources(target))),
        Absent(HIDDEN),
    )
    key, also = keys.generation_key(owner, generation_id), tuple(beside)
    for _ in range(_RACES):
        generation = find_generation(table, owner, generation_id)
        if generation is None or generation.deleting:
            return False
        if not GENERATION.allows(generation.state, target):
            return False
        end = Update(key, set=changes, remove=unwatched, when=when)
        writes: list[Write] = [end, *also]
        if read_account(table, owner).active_generations > 0:
            writes.append(one_less(owner, Counted.GENERATIONS))
        try:
            table.write(*writes)
        except ConditionFailed:
            continue
        return True
    raise Unavailable("records")
