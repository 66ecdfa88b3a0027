"""Seeds: the numbers from which pictures grow. The same seed and request make the same picture."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from contract.generation import MAX_SEED

# Returns a whole number from 0 to its argument, exclusive.
Draw = Callable[[int], int]


def seeds(first: int | None, samples: int, draw: Draw = secrets.randbelow) -> tuple[int, ...]:
    """One distinct seed (1–4294967295) per sample; 0 or None draws the first, the others follow it.

    A seed that is returned is never 0: sent again, 0 would mean "draw one".
    """
    start = first or draw(MAX_SEED) + 1
    return tuple((start - 1 + index) % MAX_SEED + 1 for index in range(samples))
