"""`python -m benchmarks.fleet`: replay, validate, write tables and plots."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.fleet import experiments
from benchmarks.fleet.policies import deployed, settings_of
from benchmarks.fleet.report import write
from benchmarks.fleet.validate import DRILL, validate

RESULTS = Path(__file__).with_name("results.json")
# One machine runs the dummies of a validation; they sleep.
_MOST = 3


def _validated() -> dict[str, Any]:
    endpoint = settings_of("prod").endpoint
    found = validate(replace(deployed(endpoint, "ours"), most=_MOST), DRILL)
    return {**found, "policies": experiments.named(endpoint)}


def _frontiers() -> dict[str, list[experiments.Row]]:
    return {name: _told(experiments.frontier(name)) for name in experiments.MEANT_FOR}


_PARTS: dict[str, Callable[[], Any]] = {
    "frontier": _frontiers,
    "sizes": lambda: _told(experiments.sizes()),
    "routing": lambda: _told(experiments.routing()),
}


def _told(rows: Iterable[experiments.Row]) -> list[experiments.Row]:
    found = []
    for row in rows:
        print(f"{row['trace']}: {row['setup']}", file=sys.stderr, flush=True)
        found.append(row)
    return found


def main(arguments: list[str]) -> int:
    """Run the named parts (all but `validate` without a name), keep the rows, write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet")
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, "validate", "tables", []])
    wanted = parser.parse_args(arguments).parts or list(_PARTS)
    logging.getLogger("local_aws.autoscaling").setLevel(logging.WARNING)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in wanted:
        if name == "validate":
            results.setdefault("validation", []).append(_validated())
        elif name in _PARTS:
            results[name] = _PARTS[name]()
        RESULTS.write_text(_lines(results))
    if set(_PARTS) <= set(results):
        write(results)
    return 0


def _lines(results: Any) -> str:
    """JSON with one row a line."""
    text = json.dumps(results, indent=None)
    return text.replace('{"setup"', '\n{"setup"').replace('{"requests"', '\n{"requests"') + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
