"""Ways to choose one of several endpoints for a request, the deployed one among them."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from lambdas.api.endpoint_choice import FRESH_FOR
from lambdas.domain.routing import Ring

if TYPE_CHECKING:
    from collections.abc import Sequence


class AtRandom:
    """Any of them."""

    def __init__(self, endpoints: int, seed: int) -> None:
        self._endpoints, self._random = endpoints, random.Random(seed)

    def __call__(self, _adapter: int, _loads: Sequence[int], _now: float) -> int:
        """The place of the endpoint."""
        return self._random.randrange(self._endpoints)


class _Named:
    def __init__(self, endpoints: int) -> None:
        self.names = [f"endpoint-{place}" for place in range(endpoints)]
        self.ring = Ring(self.names)
        self.places = {name: place for place, name in enumerate(self.names)}


class AtHome(_Named):
    """By the ring, whatever the load."""

    def __call__(self, adapter: int, _loads: Sequence[int], _now: float) -> int:
        """The place of the endpoint."""
        return self.places[self.ring.home(str(adapter))]


class Deployed(_Named):
    """As `lambdas.api.endpoint_choice` does it, in so many warm functions that take turns.

    Each knows what every endpoint had at hand when it last looked, and what it added itself. The
    deployed one sees less of long lines: the oldest of each state.
    """

    def __init__(self, endpoints: int, functions: int) -> None:
        super().__init__(endpoints)
        self._views = [(float("-inf"), Counter[str]()) for _ in range(functions)]
        self._turn = 0

    def __call__(self, adapter: int, loads: Sequence[int], now: float) -> int:
        """The place of the endpoint."""
        self._turn = (self._turn + 1) % len(self._views)
        read_at, known = self._views[self._turn]
        if now - read_at >= FRESH_FOR.total_seconds():
            known = Counter(dict(zip(self.names, loads, strict=True)))
            self._views[self._turn] = (now, known)
        chosen = self.ring.choose(str(adapter), known)
        known[chosen] += 1
        return self.places[chosen]
