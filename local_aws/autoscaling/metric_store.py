"""Metric values in AWS time, for the evaluation of alarms and policies."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Longer than any evaluation range that scaling uses (15 one-minute periods and a margin).
_KEEP_S = 3 * 3600.0


@dataclass(frozen=True)
class MetricId:
    """A metric is its namespace, its name and exactly its dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> MetricId:
        """The id of a metric whose dimensions are given as a mapping."""
        return cls(namespace, name, frozenset(dimensions.items()))


def statistic(name: str, values: Sequence[float]) -> float | None:
    """Average, Sum, Minimum, Maximum or SampleCount of at least one value; None for others."""
    if name == "Average":
        return sum(values) / len(values)
    if name == "Sum":
        return sum(values)
    if name == "Minimum":
        return min(values)
    if name == "Maximum":
        return max(values)
    return float(len(values)) if name == "SampleCount" else None


class MetricStore:
    """Values by metric; thread-safe."""

    def __init__(self) -> None:
        self._values: dict[MetricId, list[tuple[float, float]]] = {}
        self._lock = threading.Lock()

    def put(self, metric: MetricId, at: float, value: float) -> None:
        """Add a value at a moment of AWS time (epoch seconds)."""
        with self._lock:
            values = self._values.setdefault(metric, [])
            # Threads may bring them in another order; they are kept in order of time.
            bisect.insort(values, (at, value))
            if values[0][0] < at - _KEEP_S:
                del values[: bisect.bisect_left(values, (at - _KEEP_S,))]

    def datapoints(
        self, metric: MetricId, stat: str, period_s: int, count: int, until: float
    ) -> list[float | None]:
        """One statistic for each of the last `count` complete periods, oldest first.

        Periods are aligned to multiples of their length, as CloudWatch's are. A period without a
        value is None.
        """
        end = until // period_s * period_s
        first = end - count * period_s
        buckets: list[list[float]] = [[] for _ in range(count)]
        with self._lock:
            values = self._values.get(metric, [])
            for moment, value in values[
                bisect.bisect_left(values, (first,)) : bisect.bisect_left(values, (end,))
            ]:
                buckets[int((moment - first) // period_s)].append(value)
        return [statistic(stat, bucket) if bucket else None for bucket in buckets]
