"""The same experiment under several seeds, which draw visitors and wake times, in one row.

A merged row has a list for each figure, one entry a seed in the order of the seeds, and single
values for what tells it from other rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

Row = dict[str, Any]

# What `Outcome.row` counts or measures; everything else of a row says what it is of.
FIGURES = (
    *("requests", "images", "expired", "p50_s", "p95_s", "p99_s", "waking_share", "waking_p50_s"),
    *("warm_p95_s", "wakes", "gpu_hours", "most_instances", "usd_per_image"),
    *("resident", "on_disk", "fetched"),
)
# Figures of which the worst seed counts.
_WORST = {"most_instances"}
_SPREAD = "spread"


def merged(rows: Iterable[Row]) -> list[Row]:
    """One row for each thing that was replayed, in the order in which each came first."""
    found: dict[str, Row] = {}
    for row in rows:
        of = {key: value for key, value in row.items() if key not in FIGURES}
        kept = found.setdefault(json.dumps(of, sort_keys=True), of)
        for figure in FIGURES:
            kept.setdefault(figure, []).append(row[figure])
    return list(found.values())


def averaged(row: Mapping[str, Any]) -> Row:
    """The row with the mean of each figure, and in `spread` the least and the most of the seeds."""
    means: Row = {**row, _SPREAD: {}}
    for figure in FIGURES:
        values = [value for value in row[figure] if value is not None]
        if not values:
            means[figure] = None
            continue
        means[figure] = max(values) if figure in _WORST else fmean(values)
        means[_SPREAD][figure] = (min(values), max(values))
    return means


def spread_of(row: Mapping[str, Any], figure: str) -> tuple[float, float] | None:
    """The least and the most of the seeds; None where there was one only, or no value."""
    least, most = row.get(_SPREAD, {}).get(figure, (0.0, 0.0))
    return None if least == most else (least, most)


def always_less(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether it is less under every seed: both met the same visitors, so pairs can be compared."""
    return all(mine < theirs for mine, theirs in zip(one, other, strict=True))
