"""How long a generation still waits: said from what the endpoint took lately, or not at all.

Nothing here is a constant of some machine. The times are those of this environment's last
generations, so the answer follows a change of base model, of machine, of the hour's capacity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

# So many of the latest are remembered; a wake is rarer than an image.
_KEPT_SERVICES, _KEPT_WAKES = 50, 10
# Fewer than this say nothing about the next one.
_LEAST = 3
# What `at_most` promises: nine of ten are there by then.
_MOST = 0.9


@dataclass(frozen=True)
class RecentTimes:
    """Seconds that the latest generations took at the endpoint, and its latest wake-ups; the newest
    last."""

    services: tuple[float, ...] = ()
    wakes: tuple[float, ...] = ()

    def with_service(self, seconds: float) -> RecentTimes:
        """And one more generation."""
        return replace(self, services=(*self.services, max(0.0, seconds))[-_KEPT_SERVICES:])

    def with_wake(self, seconds: float) -> RecentTimes:
        """And one more wake-up."""
        return replace(self, wakes=(*self.wakes, max(0.0, seconds))[-_KEPT_WAKES:])


@dataclass(frozen=True)
class Estimate:
    """Seconds from now until the images are there: as likely earlier as later; nearly surely."""

    seconds: int
    at_most_seconds: int


def estimate(
    times: RecentTimes, *, ahead: int, instances: int, asleep_for_s: float | None
) -> Estimate | None:
    """What a waiting generation can be told; None while too little is known.

    `ahead`: generations that the endpoint takes first; `instances`: that serve now;
    `asleep_for_s`: how long it has been waking up for this one, None if it is awake. A wake-up
    that takes longer than any before is not promised to end: what is left of it is never negative.
    """
    if len(times.services) < _LEAST:
        return None
    if asleep_for_s is not None and len(times.wakes) < _LEAST:
        return None
    turns = math.floor(ahead / max(1, instances)) + 1

    def at(share: float) -> int:
        wake = 0.0
        if asleep_for_s is not None:
            wake = max(0.0, quantile(times.wakes, share) - asleep_for_s)
        return math.ceil(wake + turns * quantile(times.services, share))

    return Estimate(at(0.5), at(_MOST))


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
