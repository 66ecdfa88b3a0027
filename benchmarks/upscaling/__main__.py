"""Measure, keep, and write the page; a run goes on where the last one was cut short."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.upscaling.page import page
from benchmarks.upscaling.readings import TASKS, Bench, Reading

_ROOT = Path(__file__).parents[2]
RESULTS = _ROOT / "benchmarks" / "results" / "upscaling.jsonl"
DOCUMENT = _ROOT / "docs" / "upscaling-measured.md"


def main() -> None:
    """One command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upscaling", description=__doc__)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--anew", action="store_true", help="forget the readings that are kept")
    parser.add_argument("--table", action="store_true", help="make the page of what is kept only")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.anew:
        RESULTS.unlink(missing_ok=True)
    if not arguments.table:
        for readings in _measured(arguments.pictures, _kept()):
            lines = [json.dumps(asdict(reading), ensure_ascii=False) for reading in readings]
            with RESULTS.open("a", encoding="utf-8") as kept:
                kept.write("\n".join(lines) + "\n")
    DOCUMENT.write_text(page(_kept()), encoding="utf-8")


def _measured(pictures: int, kept: list[Reading]) -> Iterator[list[Reading]]:
    """Picture by picture, so that less time still makes a table of all tasks."""
    bench = Bench(_ROOT / "models" / "miniature")
    for picture in range(pictures):
        for task in TASKS:
            here = (picture, task.side, task.factor)
            some = [r for r in kept if (r.picture, r.side, r.factor) == here]
            known = {(r.way, r.told, r.noise) for r in some}
            if found := list(bench.readings(picture, task, known)):
                yield found


def _kept() -> list[Reading]:
    if not RESULTS.exists():
        return []
    lines = RESULTS.read_text(encoding="utf-8").splitlines()
    return [Reading(**json.loads(line)) for line in lines]


if __name__ == "__main__":
    main()
