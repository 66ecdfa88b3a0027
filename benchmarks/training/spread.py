"""Mean, spread and ratios of repeated measurements. Plain numbers: no torch, no numpy."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """`count` measurements: their mean and their sample standard deviation (0 for one)."""

    count: int
    mean: float
    deviation: float

    @property
    def error(self) -> float:
        """The mean's standard error."""
        return self.deviation / math.sqrt(self.count)

    def text(self, digits: int = 2) -> str:
        """`1.23 ± 0.04 (3)`: mean, standard deviation, count."""
        return f"{self.mean:.{digits}f} ± {self.deviation:.{digits}f} ({self.count})"


def spread_of(values: Sequence[float]) -> Spread | None:
    """None where nothing was measured."""
    if not values:
        return None
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return Spread(len(values), statistics.fmean(values), deviation)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Turn by turn, so that what slows the machine for a while slows both sides of a ratio."""
    return [one / other for one, other in zip(ours, theirs, strict=False) if other]


def seconds_to_reach(likeness: float, curve: Sequence[tuple[float, float]]) -> float | None:
    """When a curve of (seconds, likeness) first reaches a likeness; between points, linearly.

    A curve that begins above it reaches it at its first point at the latest. None: never.
    """
    before: tuple[float, float] | None = None
    for moment, reached in sorted(curve):
        if reached >= likeness:
            if before is None:
                return moment
            start, low = before
            return start + (moment - start) * (likeness - low) / (reached - low)
        before = moment, reached
    return None
