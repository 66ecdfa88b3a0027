"""From raw records to the numbers of the page. Plain Python: no torch, no numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from benchmarks.training.spread import Spread, ratios, spread_of
from benchmarks.training.targets import Target

_SWAP_RATIO, _IMAGES_RATIO, _GROWTH = 20.0, 1.0, 0.01


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def slope(curve: Sequence[Sequence[float]]) -> float:
    """Of the least-squares line through [x, y] points, in y per x; 0 through a single one."""
    across, up = [p[0] for p in curve], [p[1] for p in curve]
    middle, height = fmean(across), fmean(up)
    spread = sum((x - middle) ** 2 for x in across)
    if not spread:
        return 0.0
    return sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True)) / spread


@dataclass(frozen=True)
class MemoryGrowth:
    """Of the second half of a run, when every tier is full: MiB at its end, and a swap's KiB.

    `given_out` are the KiB of malloc, `blocks` those of Python's allocator by number; None where
    they were not counted.
    """

    resident: float
    kib_per_swap: float
    given_out: float | None = None
    blocks: float | None = None

    @property
    def share_in_a_thousand(self) -> float:
        """What a thousand swaps would add, of what there is."""
        return self.kib_per_swap * 1000 / 1024 / self.resident


def growth_of(record: Mapping[str, Any]) -> MemoryGrowth:
    """How a process grew that swapped."""
    curve = record["curve"]
    late = curve[len(curve) // 2 :]

    def of(column: int) -> float | None:
        points = [[point[0], *point[column : column + 1]] for point in late]
        known = [point for point in points if point[1:] not in ([], [None])]
        return slope(known) if len(known) > 1 else None

    given_out = of(2)
    return MemoryGrowth(
        late[-1][1],
        slope([point[:2] for point in late]) * 1024,
        None if given_out is None else given_out * 1024,
        of(3),
    )


def swap_ratio(
    record: Mapping[str, Any], side: str = "stock_file", share: float = 0.95, measure: str = "cpu"
) -> float:
    """A side's seconds over ours from the host tier, both at this quantile."""
    seconds = record["seconds"]
    return quantile(seconds[side][measure], share) / quantile(seconds["host"][measure], share)


def image_ratio(record: Mapping[str, Any], measure: str) -> Spread | None:
    """Images a second, ours over stock's, turn by turn."""
    seconds = record["seconds"]
    return spread_of(ratios(seconds["stock"][measure], seconds["ours"][measure]))


def hit_rate(record: Mapping[str, Any], *tiers: str) -> float:
    """Share of the requests whose adapter was found there."""
    found = record["found"]
    return float(sum(found.get(tier, 0) for tier in tiers) / sum(found.values()))


def targets(records: Sequence[Mapping[str, Any]]) -> list[Target]:
    """What was wanted of the server, and what was measured."""
    judges = {
        "swap": _swap_target,
        "images": _images_target,
        "memory": _memory_target,
        "isolation": _isolation_target,
    }
    return [judges[r["part"]](r) for r in records if r["part"] in judges]


def _swap_target(record: Mapping[str, Any]) -> Target:
    """Against the better of stock's two: tensors that are in memory already."""
    # By the processor's time: on a busy clock the short side would win by being short.
    found = swap_ratio(record, "stock_memory")
    name, wanted = f"warm swap at p95, {record['variant']}", f"≥ {_SWAP_RATIO:.0f} × faster"
    return Target(name, wanted, f"{found:.0f} ×, by processor time", found >= _SWAP_RATIO)


def _images_target(record: Mapping[str, Any]) -> Target:
    name, wanted = "images a second, by processor time", "never below stock's: mean ≥ 1"
    found = image_ratio(record, "cpu")
    if found is None:
        return Target(name, wanted, "", None)
    text = f"{found.text(3)} ×, standard error {found.error:.3f}"
    return Target(name, wanted, text, found.mean >= _IMAGES_RATIO)


def _memory_target(record: Mapping[str, Any]) -> Target:
    grown = growth_of(record)
    name = f"memory over {record['swaps']:,} swaps, {record['variant']}"
    text = f"{grown.kib_per_swap:+.2f} KiB a swap, of {grown.resident:.0f} MiB"
    wanted = f"≤ {_GROWTH:.0%} in 1,000 swaps"
    return Target(name, wanted, text, grown.share_in_a_thousand <= _GROWTH)


def _isolation_target(record: Mapping[str, Any]) -> Target:
    name = f"interleaved pictures that are a fresh process's, {record['base']}"
    text = f"{record['equal']:,} of {record['requests']:,}"
    return Target(name, "all, bit for bit", text, record["equal"] == record["requests"])
