"""`python -m benchmarks.serving`: measure what is not measured yet, then write the page.

Each finished cell is kept at once; run again, it goes on. Best on a machine that is idle.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.serving.plan import RESULTS, Cell, Part, cells_of
from benchmarks.serving.report import write_page
from benchmarks.training.machine import load_average, machine
from benchmarks.training.store import Store, fingerprint_of
from benchmarks.training.watched import ROOT

_LOCAL = ROOT / ".local" / "bench-serving"


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    given = _parser().parse_args(arguments)
    if given.cell:
        part, variant, amount = given.cell
        measured = Cell(Part(part), variant, int(amount)).measure()
        sys.stdout.write(json.dumps(measured) + "\n")
        return 0
    results = _LOCAL / "quick.jsonl" if given.quick else RESULTS
    store, failed = Store(results), 0
    if not given.report:
        cells = cells_of(given.only or list(Part), quick=given.quick)
        failed = _measure(cells, store, again=given.again)
    page = _LOCAL / "docs" if given.quick else ROOT / "docs"
    for file in write_page(store, page):
        sys.stdout.write(f"wrote {file}\n")
    return min(1, failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--only", type=Part, choices=[*Part], action="append", help="a part of it")
    parser.add_argument("--quick", action="store_true", help="try it; results stay out of docs/")
    parser.add_argument("--report", action="store_true", help="write the page, run nothing")
    parser.add_argument("--again", action="store_true", help="also what is measured already")
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    return parser


def _measure(cells: Sequence[Cell], store: Store, *, again: bool) -> int:
    """Run what is left, each in a process of its own; returns how many failed."""
    store.keep("machine", "", {"part": "machine", **machine()})
    failed = 0
    for cell in cells:
        fingerprint = fingerprint_of(cell.key, cell.amount)
        if store.is_done(cell.key, fingerprint) and not again:
            sys.stdout.write(f"{cell.key}: there already\n")
            continue
        began, load = time.monotonic(), load_average()
        program = [sys.executable, "-m", "benchmarks.serving", "--cell", cell.part, cell.variant]
        done = subprocess.run(
            [*program, str(cell.amount)],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        took = time.monotonic() - began
        if done.returncode:
            failed += 1
            sys.stderr.write(f"{cell.key}: failed\n" + "\n".join(done.stderr.splitlines()[-8:]))
            continue
        measured = json.loads(done.stdout.strip().splitlines()[-1])
        facts = {"part": cell.part.value, "variant": cell.variant, "load": [load, load_average()]}
        store.keep(cell.key, fingerprint, {**facts, **measured, "took": round(took, 1)})
        sys.stdout.write(f"{cell.key}: {took:.0f} s\n")
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
