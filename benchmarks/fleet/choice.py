"""Which parameters an environment should have, by one rule over all seeds.

    the cheapest whose p95 is at most a minute in the mean over the seeds;
    where none is, the cheapest

What is deployed stays unless that one is cheaper under every seed, or the deployed one breaks the
bound: parameters are not changed for what chance gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.fleet.seeds import always_less, averaged

Row = Mapping[str, Any]
# Somebody waits that long for a picture and is still there.
MOST_P95_S = 60.0


def best(rows: Sequence[Row], deployed: Row) -> Row:
    """The merged row of the parameters to deploy, of `rows`; `deployed` is one of them."""
    within = [row for row in rows if averaged(row)["p95_s"] <= MOST_P95_S]
    cheapest = min(within or rows, key=lambda row: float(averaged(row)["usd_per_image"]))
    keeps = deployed in within or not within
    if keeps and not always_less(cheapest["usd_per_image"], deployed["usd_per_image"]):
        return deployed
    return cheapest
