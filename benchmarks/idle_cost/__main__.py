"""`python -m benchmarks.idle_cost` prices dev and prod and writes `docs/idle-cost.md`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# The Node that requirements.txt brings, whatever else is on the machine.
os.environ.setdefault("JSII_NODE", str(Path(sys.executable).with_name("node")))

import aws_cdk as cdk

from benchmarks.idle_cost import prices
from benchmarks.idle_cost.bill import Line, bill, costless, total
from infra.application import add_stacks
from infra.settings import load

ROOT = Path(__file__).resolve().parent.parent.parent
REPORT = ROOT / "docs" / "idle-cost.md"
ENVIRONMENTS = ("dev", "prod")
TARGET = 15.0


def main() -> int:
    """Write the report; 1 if dev costs more than it should."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    found = {name: resources(context, name) for name in ENVIRONMENTS}
    bills = {name: bill(each) for name, each in found.items()}
    REPORT.write_text(report(bills, found["prod"]))
    print(REPORT.read_text())
    return int(total(bills["dev"]).alone > TARGET)


def resources(context: dict[str, Any], environment: str) -> list[dict[str, Any]]:
    """All that is in the environment's templates."""
    with TemporaryDirectory() as folder:
        app = cdk.App(context=context, outdir=folder, analytics_reporting=False)
        add_stacks(app, load(context["environments"], environment))
        app.synth()
        templates = [json.loads(each.read_text()) for each in Path(folder).glob("*.template.json")]
    return [each for template in templates for each in template["Resources"].values()]


def report(bills: dict[str, list[Line]], last: list[dict[str, Any]]) -> str:
    """The page."""
    return "\n".join([*_head(), *_table(bills), *_tail(last)]) + "\n"


def _head() -> Iterator[str]:
    yield "# What it costs when nobody uses it"
    yield ""
    yield (
        f"Written by `python -m benchmarks.idle_cost` from the synthesized templates; prices of "
        f"us-east-1, {prices.AS_OF}, in US dollars a month, with their sources in "
        "`benchmarks/idle_cost/prices.py`. *Alone*: the account's monthly allowances (10 alarms, 3 "
        "dashboards, a million requests to queues, …) are there for it. *Shared*: others have used "
        f"them up. The aim is ${TARGET:g} for `dev`, alone."
    )
    yield ""


def _table(bills: dict[str, list[Line]]) -> Iterator[str]:
    heads = [f"{name}, {how}" for name in bills for how in ("alone", "shared")]
    yield f"| | {' | '.join(f'number ({name})' for name in bills)} | {' | '.join(heads)} |"
    yield "|---" * (1 + len(bills) + len(heads)) + "|"
    for rows in zip(*([*lines, total(lines)] for lines in bills.values()), strict=True):
        cells = [f"{price:.2f}" for row in rows for price in (row.alone, row.shared)]
        numbers = [row.number for row in rows]
        yield f"| {rows[0].what} | {' | '.join(numbers)} | {' | '.join(cells)} |"
    yield ""


def _tail(found: list[dict[str, Any]]) -> Iterator[str]:
    yield (
        "`prod` has two rule groups of AWS before its API that `dev` goes without "
        "(`api.more_rules`): known bad addresses, and inputs that exploit known holes of other "
        "people's software. The addresses of `prod` are known to everybody. Everything else is the "
        "same on purpose."
    )
    yield ""
    yield (
        "The data key is rotated: a dollar more from the second year on, two from the third. Each "
        "key has its own use and its own readers (data, receipts, watermark, content credentials), "
        "which is what they are for. Metrics of ours cost $0.30 each in a month in which they are "
        "written: idle, none is."
    )
    yield ""
    yield "Costs nothing while nobody uses it:"
    yield ""
    for kind, number in sorted(costless(found).items()):
        yield f"- {number} × `{kind}`: {prices.COSTLESS[kind]}"


if __name__ == "__main__":
    sys.exit(main())
