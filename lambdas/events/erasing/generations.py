"""Generations of what is erased, some at a time: their words, answers, images and records.

A request that waits at the endpoint cannot be taken back. What withdraws it is that its document is
gone: SageMaker finds nothing to send, and a container that has it already looks for it before it
begins and again before it answers (`inference.server`). An answer that comes all the same is
dropped by `results`, and its address is remembered here, to be looked at when none can come.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.generation import SHOWING_GENERATION_STATES, GenerationState
from lambdas.events.erasing.answers import answers_about, forget_answers
from lambdas.events.erasing.places import (
    answer_places,
    count_objects,
    erase_objects,
    generation_places,
)
from lambdas.events.erasing.run import PER_WRITE, count_records
from lambdas.records import keys
from lambdas.records.generations import end_generation
from lambdas.records.marks import marks_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from lambdas.events.erasing.run import Run
    from lambdas.table import Item

# The endpoint may start on a request until its deadline, and work on it for that long.
INVOCATION = timedelta(hours=1)
# The endpoint has given its answer to these, and says no more.
_ANSWERED = SHOWING_GENERATION_STATES | {GenerationState.FILTERED}


def remove_generations(
    run: Run, belongs: Callable[[Item], bool], *, with_owner: bool = False
) -> None:
    """The step; `with_owner`: all that their owner has goes as well, and is not looked up here."""
    while batch := list(islice(filter(belongs, run.items(keys.GENERATIONS)), PER_WRITE)):
        _remove(run, batch, with_owner=with_owner)


def _remove(run: Run, batch: list[Item], *, with_owner: bool) -> None:
    ids = {item["id"] for item in batch}
    places = {item["id"]: answer_places(run.ports, item) for item in batch}
    related: list[Item] = []
    answers: list[Item] = []
    if not with_owner:
        for each in sorted(ids):
            places[each] += generation_places(run.ports, run.owner, each)
        related = [item for item in run.items() if _tells_of(item, ids)]
        answers = answers_about(run, ids)
    related += marks_of(batch)
    everywhere = [place for some in places.values() for place in some]

    def count() -> Counter[str]:
        found = count_objects(everywhere) + count_records([*batch, *related, *answers])
        found["idempotency/answer"] += len(answers)
        return found

    run.enter("generations", count, batch=batch[0]["id"])
    for item in batch:
        if quiet_at := _quiet_at(run, item):
            addresses = tuple(place.address for place in places[item["id"]])
            run.expect_until(quiet_at, addresses)
    for item in batch:
        # An active one is cancelled first, so that its owner's count is right.
        cancelled = GenerationState.CANCELLED
        end_generation(run.table, item["owner"], item["id"], cancelled, run.now)
    erase_objects(everywhere)
    forget_answers(run, answers)
    run.delete(related)
    run.delete(batch)


def _tells_of(item: Item, ids: set[str]) -> bool:
    """Whether a record of another kind is about one of them, whatever kind that is."""
    if item["sk"].startswith((keys.GENERATIONS, keys.IDEMPOTENCY, keys.ERASURES)):
        return False
    return item.get("generation_id") in ids or bool(ids & set(item["sk"].split("#")))


def _quiet_at(run: Run, item: Item) -> datetime | None:
    """When the endpoint can no longer write about it, if that is still to come."""
    if item["state"] in _ANSWERED:
        return None
    quiet_at = moments.from_text(item["deadline"]) + INVOCATION
    return quiet_at if quiet_at > run.now else None
