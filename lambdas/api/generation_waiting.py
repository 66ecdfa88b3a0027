"""What a generation that waits is told: its place, and how long it will take, from recent times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.domain.errors import Unavailable
from lambdas.domain.generation import GenerationState
from lambdas.domain.waiting import Estimate, estimate
from lambdas.records.recent_times import read_times
from lambdas.records.waiting_line import ahead_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from lambdas.domain.generation import Generation
    from lambdas.ports import GenerationBackend, Table


@dataclass(frozen=True)
class Waiting:
    """`position` 1 is the next one; None where the line is too long to count."""

    position: int | None
    estimate: Estimate | None


def waiting_of(
    generation: Generation,
    table: Table,
    backend_of: Callable[[Generation], GenerationBackend],
    base_model: str,
    now: datetime,
) -> Waiting | None:
    """None for one that does not wait, or when nobody can be asked; never fails for it.

    `base_model`: the id of the one that draws it.
    """
    if generation.state not in {GenerationState.QUEUED, GenerationState.WARMING}:
        return None
    try:
        ahead = ahead_of(table, generation)
        if ahead is None:
            return Waiting(None, None)
        since = generation.warming_since
        asleep_for_s = (now - since).total_seconds() if since else None
        found = estimate(
            read_times(table, base_model),
            ahead=ahead,
            instances=backend_of(generation).status().instances,
            asleep_for_s=asleep_for_s,
        )
    except Unavailable:
        return None
    return Waiting(ahead + 1, found)
