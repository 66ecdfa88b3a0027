"""`python -m benchmarks.training`: measure what is not measured yet, then write the page.

Each finished cell is kept at once; run again, it goes on. Best on a machine that is idle.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.training.fetch import Fetched, NotFetchedError, fetched, install_torchvision
from benchmarks.training.machine import machine
from benchmarks.training.plan import Cell, Part, cells_of, cutoff
from benchmarks.training.report import write_page
from benchmarks.training.sizes import SIZES, Size
from benchmarks.training.store import Store
from benchmarks.training.watched import ProgramError

if TYPE_CHECKING:
    from benchmarks.training.bench import Bench


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    given = _parser().parse_args(arguments)
    size = SIZES[given.size]
    minutes = size.minutes if given.minutes is None else given.minutes
    cells = cells_of(size, given.only or list(Part))
    if given.plan:
        _show(cells, minutes)
        return 0
    failed = 0
    if not given.report:
        # As from the keyboard: the training in progress is ended too.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            scripts = _scripts() if any(cell.needs_script for cell in cells) else None
            bench = _bench(size, given.threads, scripts)
            failed = _measure(cells, bench, size, minutes, again=given.again)
        except NotFetchedError as error:
            sys.stderr.write(f"python -m benchmarks.training: {error}\n")
            return 2
        except KeyboardInterrupt:
            sys.stderr.write("interrupted: the same command goes on with what is left\n")
            return 130
    for file in write_page(size):
        sys.stdout.write(f"wrote {file}\n")
    return min(1, failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--size", choices=[*SIZES], default="default", help="how much is measured")
    parser.add_argument("--only", type=Part, choices=[*Part], action="append", help="a part of it")
    parser.add_argument("--plan", action="store_true", help="print the cells, run nothing")
    parser.add_argument("--report", action="store_true", help="write the page, run nothing")
    parser.add_argument("--again", action="store_true", help="also what is measured already")
    parser.add_argument("--minutes", type=float, help="begin nothing that would end later")
    parser.add_argument(
        "--threads", type=int, default=min(2, os.cpu_count() or 1), help="of both sides (2)"
    )
    return parser


def _scripts() -> Fetched:
    scripts = fetched()
    install_torchvision()
    return scripts


def _show(cells: Sequence[Cell], minutes: float) -> None:
    """Every cell with its time and where the run would then be."""
    fit, spent = cutoff(cells, minutes), 0.0
    for number, cell in enumerate(cells):
        spent += cell.nominal
        beyond = "" if number < fit else "  beyond the time"
        sys.stdout.write(f"{spent / 60:7.1f} min {cell.nominal:6.0f} s  {cell.key}{beyond}\n")
    sys.stdout.write(f"{fit} of {len(cells)} cells fit into {minutes:g} minutes\n")


def _bench(size: Size, threads: int, scripts: Fetched | None) -> Bench:
    from benchmarks.training.bench import Bench  # torch takes seconds to import

    return Bench(size, threads, scripts)


def _measure(
    cells: Sequence[Cell], bench: Bench, size: Size, minutes: float, *, again: bool
) -> int:
    """Run what is left; returns how many cells failed."""
    store = Store(size.results)
    store.keep("machine", "", {"part": "machine", **machine()})
    if bench.scripts is not None:
        told = {name: getattr(bench.scripts, name) for name in ("revision", "commit", "library")}
        store.keep("script", "", {"part": "script", **told})
    left = [c for c in cells if again or not store.is_done(c.key, bench.fingerprint(c))]
    sys.stdout.write(f"{len(cells) - len(left)} of {len(cells)} cells are there already\n")
    clock, failed = _Clock(minutes), 0
    for number, cell in enumerate(left):
        if not clock.fits(cell):
            sys.stdout.write(f"time is up: {len(left) - number} cells are left for another run\n")
            break
        clock.begin()
        try:
            store.keep(cell.key, bench.fingerprint(cell), bench.run(cell))
        except ProgramError as error:
            failed += 1
            sys.stderr.write(f"{cell.key}: {error}\n")
        clock.end(cell)
        remaining = clock.forecast(left[number + 1 :])
        sys.stdout.write(
            f"[{number + 1}/{len(left)}] {cell.key}: {clock.last:.0f} s, "
            f"about {remaining / 60:.0f} min left\n"
        )
        sys.stdout.flush()
    return failed


class _Clock:
    """Time left, going by how the cells so far compare with what they should have taken."""

    def __init__(self, minutes: float) -> None:
        self._began = time.monotonic()
        self._limit = 60 * minutes
        self._nominal = self._taken = self._since = self.last = 0.0

    def begin(self) -> None:
        self._since = time.monotonic()

    def end(self, cell: Cell) -> None:
        self.last = time.monotonic() - self._since
        self._nominal += cell.nominal
        self._taken += self.last

    def forecast(self, cells: Sequence[Cell]) -> float:
        pace = self._taken / self._nominal if self._nominal else 1.0
        return pace * sum(cell.nominal for cell in cells)

    def fits(self, cell: Cell) -> bool:
        ends = time.monotonic() - self._began + self.forecast([cell])
        return not self._limit or ends <= self._limit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
