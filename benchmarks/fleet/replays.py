"""All replays of the page, under each seed, on as many processes as there are processors."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from benchmarks.fleet import experiments
from benchmarks.fleet.seeds import merged

SEEDS = 5
# A day of a million users has half a million requests: one day is much like another.
_SEEDS_OF_MOST = 3
MOST_USERS = max(experiments.POPULATIONS)
_SPIKE_USERS = 10_000


@dataclass(frozen=True)
class Job:
    """One part of the results, of an environment or a number of users, under one seed."""

    part: str
    of: str | int
    seed: int

    def rows(self) -> Iterator[experiments.Row]:
        """Replays them."""
        if self.part == "frontier":
            for row in experiments.frontier(str(self.of), self.seed):
                yield {**row, "environment": self.of}
        elif self.part == "routing":
            yield from experiments.routing(int(self.of), self.seed)
        elif self.part == "spike":
            yield from experiments.spiked(int(self.of), self.seed)
        else:
            yield from experiments.sizes(int(self.of), self.seed)


def jobs(seeds: int, most_users: int) -> list[Job]:
    """What is to be replayed, in the order of the tables."""
    wanted: list[tuple[str, str | int, int]] = [
        *(("frontier", name, users) for name, users in experiments.MEANT_FOR.items()),
        *(("sizes", users, users) for users in experiments.POPULATIONS),
        ("spike", _SPIKE_USERS, _SPIKE_USERS),
        *(("routing", users, users) for users in experiments.ENDPOINTS_OF),
    ]
    return [
        Job(part, of, experiments.FIRST_SEED + number)
        for part, of, users in wanted
        if users <= most_users
        for number in range(min(seeds, _SEEDS_OF_MOST) if users == MOST_USERS else seeds)
    ]


def replayed(todo: list[Job], processes: int) -> dict[str, Any]:
    """Part → merged rows, and what the `run` took.

    The longest jobs begin first, so that no process waits for the last.
    """
    began = time.monotonic()
    rows: dict[Job, list[experiments.Row]] = {}
    with ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), initializer=quiet
    ) as pool:
        first = sorted(todo, key=lambda job: job.of if isinstance(job.of, int) else 0, reverse=True)
        for job, found in zip(first, pool.map(_rows, first), strict=True):
            rows[job] = found
            taken = time.monotonic() - began
            print(f"{taken:6.0f} s  {job.part} {job.of}, seed {job.seed}", file=sys.stderr)
    run = {
        "seeds": len({job.seed for job in todo}),
        "seeds_of_most": len({job.seed for job in todo if job.of == MOST_USERS}),
        "processes": processes,
        "seconds": round(time.monotonic() - began),
    }
    parts: dict[str, list[experiments.Row]] = {}
    for job in todo:
        # The spike stands in the table of sizes.
        parts.setdefault("sizes" if job.part == "spike" else job.part, []).extend(rows[job])
    return {"run": run, **{part: merged(found) for part, found in parts.items()}}


def _rows(job: Job) -> list[experiments.Row]:
    return list(job.rows())


def quiet() -> None:
    """Not a line for each change of capacity."""
    logging.getLogger("local_aws.autoscaling").setLevel(logging.WARNING)
