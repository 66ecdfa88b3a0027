"""Which of several equal endpoints serves an adapter: consistent hashing with bounded loads.

An adapter always goes to the same endpoint, where it lies in the caches; when an endpoint joins or
leaves, only its share of the adapters moves. If that endpoint already has more than its fair part
of the work, times (1 + slack), the next one on the ring takes the request, so that a popular
subject cannot bury one endpoint while others idle. What an instance does in a minute is no reason
to go elsewhere: the neighbour may be asleep, and takes minutes to wake up.

Mirrokni, Thorup, Zadimoghaddam: "Consistent Hashing with Bounded Loads", arXiv:1608.01350.
"""

from __future__ import annotations

import bisect
import hashlib
import math
from collections.abc import Mapping, Sequence

# Points of each endpoint on the ring: the largest share is then within about a tenth of the mean.
_POINTS = 200
# How much more than its fair part an endpoint may have: the paper's epsilon. Smaller balances
# better, larger keeps more adapters at home.
DEFAULT_SLACK = 0.25
# So many requests an endpoint takes whatever the others have: what one instance that is awake does
# in about a minute (7 to 10 s each), the time in which metrics and policies notice anything at all.
DEFAULT_UNDISTURBED = 8


def _place(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


class Ring:
    """Endpoints on a ring; immutable, and the same in every process that knows the same names."""

    def __init__(self, endpoints: Sequence[str]) -> None:
        """Raises ValueError without an endpoint, or for one that is named twice."""
        if not endpoints or len(set(endpoints)) != len(endpoints):
            raise ValueError("a ring needs at least one endpoint, and each of them once")
        points = sorted((_place(f"{name}#{n}"), name) for name in endpoints for n in range(_POINTS))
        self._places = [place for place, _ in points]
        self._names = [name for _, name in points]
        self.endpoints = tuple(endpoints)

    def home(self, adapter: str) -> str:
        """Where the adapter is at home, whatever the load."""
        return self._names[self._first(adapter)]

    def choose(
        self,
        adapter: str,
        loads: Mapping[str, int],
        slack: float = DEFAULT_SLACK,
        undisturbed: int = DEFAULT_UNDISTURBED,
    ) -> str:
        """Where the next request for the adapter goes.

        `loads`: requests that each endpoint has at hand, queued or running; one that is not named
        has none. No endpoint is chosen that would then have more than `undisturbed` and more than
        ceil((1 + slack) × mean) requests, the new one included. Raises ValueError for a slack that
        is not positive.
        """
        if slack <= 0:
            raise ValueError("slack must be positive")
        total = 1 + sum(loads.get(name, 0) for name in self.endpoints)
        most = max(undisturbed, math.ceil((1 + slack) * total / len(self.endpoints)))
        first, count = self._first(adapter), len(self._names)
        for step in range(count):
            name = self._names[(first + step) % count]
            if loads.get(name, 0) < most:
                return name
        raise AssertionError("the mean is never above the bound")

    def choose_any(self, loads: Mapping[str, int], undisturbed: int = DEFAULT_UNDISTURBED) -> str:
        """Where a request without an adapter goes, which is at home everywhere.

        To the endpoint with the least at hand; while few wait, to the first, so that a request for
        which there is room does not wake another.
        """
        for name in self.endpoints:
            if loads.get(name, 0) < undisturbed:
                return name
        return min(self.endpoints, key=lambda name: loads.get(name, 0))

    def _first(self, adapter: str) -> int:
        return bisect.bisect_right(self._places, _place(adapter)) % len(self._places)
