"""`python -m benchmarks.few_step`: writes benchmarks/results/few_step.json and the docs' page."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import diffusers
import torch
import transformers

from benchmarks.few_step.arms import arms
from benchmarks.few_step.measuring import Amount, measured
from benchmarks.few_step.table import page
from benchmarks.training.machine import load_average, machine
from benchmarks.training.watched import ROOT
from contract.adapter import write_whole
from contract.few_step import checked_tier
from training.local_base import local_base

_RESULTS = ROOT / "benchmarks" / "results" / "few_step.json"
_PAGE = ROOT / "docs" / "few-step-measured.md"
_WORK = ROOT / ".local" / "bench-few-step"


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.few_step", description=__doc__)
    parser.add_argument("--base", type=Path, default=ROOT / "models" / "miniature")
    parser.add_argument("--subjects", type=int, default=4)
    parser.add_argument("--prompts", type=int, default=10)
    parser.add_argument("--images", type=int, default=2, help="of each prompt")
    parser.add_argument("--class-images", type=int, default=4)
    parser.add_argument("--share", type=float, default=1.0, help="of the preset's steps")
    parser.add_argument("--page-only", action="store_true", help="write the page from the results")
    given = parser.parse_args(arguments)
    if not given.page_only:
        for library in (diffusers.utils.logging, transformers.utils.logging):
            library.set_verbosity_error()
            library.disable_progress_bar()
        # One thread: processor time is then comparable, whatever else the machine does.
        torch.set_num_threads(1)
        amount = Amount(
            given.subjects, given.prompts, given.images, given.class_images, given.share
        )
        base = local_base(str(given.base), _WORK, _WORK / "base")
        tier = checked_tier(base.folder, base.description)
        if tier is None:
            sys.stderr.write("error: the base has no few-step tier\n")
            return 1
        run = {
            "base": base.description.id,
            "hash": base.description.hash,
            "tier": tier.sha256,
            "amount": asdict(amount),
            "machine": machine(),
        }
        records = []
        for record in measured(base, given.base / "classifiers", arms(tier), amount, _WORK):
            records.append({**record, "load": load_average()})
            sys.stderr.write(f"{record['arm']}, subject {record['subject']}\n")
        _RESULTS.parent.mkdir(parents=True, exist_ok=True)
        write_whole(_RESULTS, json.dumps({"run": run, "records": records}, indent=1) + "\n")
    kept = json.loads(_RESULTS.read_text(encoding="utf-8"))
    write_whole(_PAGE, page(kept["run"], kept["records"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
