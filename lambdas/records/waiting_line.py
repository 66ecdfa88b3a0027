"""Who is before whom in the queue of an endpoint, and what each endpoint has at hand, as far as the
records know."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.generation import WAITING_GENERATION_STATES, GenerationState
from lambdas.records import keys
from lambdas.records.generations import ENTITY
from lambdas.table import Index

if TYPE_CHECKING:
    from lambdas.domain.generation import Generation
    from lambdas.ports import Table
    from lambdas.table import Item, Page

# A longer line is not counted: its end is too far away for a number to mean anything.
MOST_COUNTED = 100


def ahead_of(table: Table, generation: Generation) -> int | None:
    """How many generations of everybody its endpoint takes before this one; None for too many.

    The endpoint takes them in the order in which they were asked for. The index is eventually
    consistent, and some of them may have begun without our knowing: it is what is known.
    """
    since, ahead = moments.to_text(generation.created_at), 0
    line = generation.endpoint or generation.plan.base_model
    for state in (GenerationState.QUEUED, GenerationState.WARMING):
        page = _oldest(table, state)
        if page.next is not None:
            return None
        ahead += sum(item["created_at"] < since and _line(item) == line for item in page.items)
    return ahead


def at_hand(table: Table) -> Counter[str]:
    """How many requests of everybody each endpoint has, waiting or running.

    Of a long line only the oldest are counted, in each state: they tell which endpoint has more
    than its part, which is all that is asked.
    """
    return Counter(
        item["endpoint"]
        for state in sorted(WAITING_GENERATION_STATES)
        for item in _oldest(table, state).items
        if "endpoint" in item
    )


def _oldest(table: Table, state: GenerationState) -> Page:
    partition = keys.state_partition(ENTITY, state)
    return table.query(partition, index=Index.BY_STATE, limit=MOST_COUNTED)


def _line(item: Item) -> str | None:
    line: str | None = item.get("endpoint") or item["plan"].get("base_model")
    return line
