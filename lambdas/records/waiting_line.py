"""Who is before whom in the endpoint's queue, as far as the records know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.generation import GenerationState
from lambdas.records import keys
from lambdas.records.generations import ENTITY
from lambdas.table import Index

if TYPE_CHECKING:
    from lambdas.domain.generation import Generation
    from lambdas.ports import Table

# A longer line is not counted: its end is too far away for a number to mean anything.
MOST_COUNTED = 100


def ahead_of(table: Table, generation: Generation) -> int | None:
    """How many generations of everybody its endpoint takes before this one; None for too many.

    The endpoint takes them in the order in which they were asked for. The index is eventually
    consistent, and some of them may have begun without our knowing: it is what is known.
    """
    since, ahead = moments.to_text(generation.created_at), 0
    model = generation.plan.base_model
    for state in (GenerationState.QUEUED, GenerationState.WARMING):
        partition = keys.state_partition(ENTITY, state)
        page = table.query(partition, index=Index.BY_STATE, limit=MOST_COUNTED)
        if page.next is not None:
            return None
        ahead += sum(
            item["created_at"] < since and item["plan"].get("base_model") == model
            for item in page.items
        )
    return ahead
