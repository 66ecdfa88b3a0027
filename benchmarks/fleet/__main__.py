"""`python -m benchmarks.fleet`: replay under several seeds, write results, tables and plots.

python -m benchmarks.fleet              everything but validate; writes results.json whole
python -m benchmarks.fleet validate     the simulator beside real processes: validation.json
python -m benchmarks.fleet tables       the page and the plots anew, from those two files
python -m benchmarks.fleet --seeds 1 --most-users 10000 --output FILE     a try; FILE only
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.fleet import experiments
from benchmarks.fleet.policies import deployed, settings_of
from benchmarks.fleet.replays import MOST_USERS, SEEDS, jobs, quiet, replayed
from benchmarks.fleet.report import write
from benchmarks.fleet.validate import DRILL, validate

RESULTS = Path(__file__).with_name("results.json")
VALIDATION = Path(__file__).with_name("validation.json")
# One machine runs the dummies of a validation; they sleep.
_MOST = 3


def _validated() -> dict[str, Any]:
    endpoint = settings_of("prod").endpoint
    found = validate(replace(deployed(endpoint, "ours"), most=_MOST), DRILL)
    return {**found, "policies": experiments.named(endpoint)}


def main(arguments: list[str]) -> int:
    """Do what was asked for; a try writes nothing but its own file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet")
    parser.add_argument("what", nargs="?", choices=["replay", "validate", "tables"])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--most-users", type=int, default=MOST_USERS)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--output", type=Path, default=RESULTS)
    asked = parser.parse_args(arguments)
    quiet()
    if asked.what == "validate":
        VALIDATION.write_text(_lines(_validated()))
    elif asked.what != "tables":
        if asked.output == RESULTS and asked.most_users < MOST_USERS:
            parser.error("--most-users goes with --output: the page wants all of them")
        todo = jobs(asked.seeds, asked.most_users)
        asked.output.write_text(_lines(replayed(todo, asked.processes)))
        if asked.output != RESULTS:
            return 0
    write(json.loads(RESULTS.read_text()), json.loads(VALIDATION.read_text()))
    return 0


def _lines(results: Any) -> str:
    """JSON with one row a line."""
    text = json.dumps(results, indent=None)
    return text.replace('{"setup"', '\n{"setup"') + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
