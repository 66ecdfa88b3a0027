"""`python -m benchmarks.serving`: measure what is not measured yet, then write the page.

Each finished cell is kept at once; run again, it goes on. Best on a machine that is idle.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.serving.plan import RESULTS, Cell, Part, cells_of
from benchmarks.serving.report import write_page
from benchmarks.training.machine import load_average, machine
from benchmarks.training.store import Store
from benchmarks.training.watched import ROOT

_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "TQDM_DISABLE": "1",
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
}
_LOCAL = ROOT / ".local" / "bench-serving"


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    given = _parser().parse_args(arguments)
    results = _LOCAL / "quick.jsonl" if given.quick else RESULTS
    failed = 0
    if not given.report:
        cells = cells_of(given.only or list(Part), quick=given.quick)
        failed = _measure(cells, results, again=given.again)
    page = _LOCAL / "docs" if given.quick else ROOT / "docs"
    for file in write_page(Store(results), page):
        sys.stdout.write(f"wrote {file}\n")
    return min(1, failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description=__doc__,
        epilog=(
            "A whole run takes about a quarter of an hour on two idle cores. To try one part: "
            "--quick --only memory. Cells whose code changed are measured anew."
        ),
    )
    parser.add_argument("--only", type=Part, choices=[*Part], action="append", help="a part of it")
    parser.add_argument("--quick", action="store_true", help="try it; results stay out of docs/")
    parser.add_argument("--report", action="store_true", help="write the page, run nothing")
    parser.add_argument("--again", action="store_true", help="also what is measured already")
    return parser


def _measure(cells: Sequence[Cell], results: Path, *, again: bool) -> int:
    """Run what is left, each in a process of its own; returns how many failed."""
    store = Store(results)
    store.keep("machine", "", {"part": "machine", **machine()})
    failed = 0
    for cell in cells:
        fingerprint = cell.fingerprint
        if store.is_done(cell.key, fingerprint) and not again:
            sys.stdout.write(f"{cell.key}: there already\n")
            continue
        began, load = time.monotonic(), load_average()
        try:
            measured = _alone(cell)
        except Exception as error:  # noqa: BLE001 - the other cells can still be measured
            failed += 1
            sys.stderr.write(f"{cell.key}: {type(error).__name__}: {error}\n")
            continue
        took = time.monotonic() - began
        facts = {"part": cell.part.value, "variant": cell.variant, "load": [load, load_average()]}
        # Read anew: another run may have kept something meanwhile.
        Store(results).keep(cell.key, fingerprint, {**facts, **measured, "took": round(took, 1)})
        sys.stdout.write(f"{cell.key}: {took:.0f} s\n")
        sys.stdout.flush()
    return failed


def _alone(cell: Cell) -> dict[str, Any]:
    """Measured in a process of its own, forked with the libraries imported and nothing loaded."""
    os.environ |= _ENVIRONMENT
    context = get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.serving.served"])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(cell.measure).result()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
