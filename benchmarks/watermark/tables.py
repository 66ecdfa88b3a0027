"""From readings to the page in the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from lambdas.domain.watermark.detection import (
    MOST_READINGS,
    NUMBER_FALSE_ALARM,
    PILOT_FALSE_ALARM,
)

Row = dict[str, Any]
_MADE_BY = (
    "Made by `python -m benchmarks.watermark`; every reading is a line of"
    " [watermark.jsonl](../benchmarks/results/watermark.jsonl). Times are CPU time of one core."
)
_READ = (
    "Of how many pictures the number was read; in brackets those in which only the mark was seen"
    " (`uncertain`)."
)
_BOUNDS = (
    f"By construction: a number is told for an unmarked picture with a chance of at most"
    f" {NUMBER_FALSE_ALARM:.1e} ({MOST_READINGS} readings, a tag of 24 bits), and a mark without a"
    f" number with at most {PILOT_FALSE_ALARM:.0e}."
)


def report(rows: Sequence[Row]) -> str:
    """The page, Markdown."""
    return "\n".join(
        [
            "# How the watermark does",
            "",
            _MADE_BY,
            "",
            *_survival(rows),
            "",
            *_cost(rows),
            "",
            *_false_alarms([row for row in rows if row["kind"] == "unmarked"]),
            "",
        ]
    )


def _survival(rows: Sequence[Row]) -> list[str]:
    """Pictures of which the number was read, of those that were marked."""
    handled = [row for row in rows if row["kind"] == "handled"]
    sides = _sides(handled)
    lines = [
        "## What it survives",
        "",
        _READ,
        "",
        _row("", *(f"{side} px" for side in sides)),
        _row(*("---" for _ in range(len(sides) + 1))),
    ]
    for handling in dict.fromkeys(row["handling"] for row in handled):
        cells = []
        for side in sides:
            these = [r for r in handled if (r["side"], r["handling"]) == (side, handling)]
            read = sum(row["read"] for row in these)
            seen = sum(row["seen"] for row in these) - read
            cells.append(f"{read} of {len(these)}" + (f" ({seen})" if seen else ""))
        lines.append(_row(handling, *cells))
    wrong = sum(row["wrong"] for row in handled)
    return [*lines, "", f"A wrong number was read {wrong} times in {len(handled)} readings."]


def _cost(rows: Sequence[Row]) -> list[str]:
    embedded = [row for row in rows if row["kind"] == "embedded"]
    lines = [
        "## What it costs",
        "",
        _row("", "PSNR, median (least)", "marking", "reading, mark found", "refused"),
        _row(*["---"] * 5),
    ]
    for side in _sides(embedded):
        these = [row for row in embedded if row["side"] == side]
        psnr = [row["psnr"] for row in these]
        reading = [r["cpu_ms"] for r in rows if r["kind"] == "handled" and r["side"] == side]
        refused = sum(row["kind"] == "refused" and row["side"] == side for row in rows)
        lines.append(
            _row(
                f"{side} px",
                f"{median(psnr):.1f} dB ({min(psnr):.1f})",
                f"{median(row['cpu_ms'] for row in these):.0f} ms",
                f"{median(reading):.0f} ms (at most {max(reading):.0f})",
                f"{refused} of {len(these) + refused}",
            )
        )
    return lines


def _false_alarms(rows: Sequence[Row]) -> list[str]:
    lines = [
        "## False alarms",
        "",
        _BOUNDS,
        "",
        _row("unmarked pictures", "number told", "mark seen", "least bound that was met"),
        _row(*["---"] * 4),
    ]
    kinds = dict.fromkeys(row["picture"].split()[0] for row in rows)
    for kind in [*kinds, ""]:
        these = [row for row in rows if row["picture"].startswith(kind)]
        name = f"{len(these)} {kind}" if kind else f"{len(these)} together"
        read, seen = (sum(row[key] for row in these) for key in ("read", "seen"))
        lines.append(_row(name, read, seen, f"{min(row['bound'] for row in these):.1e}"))
    return lines


def _sides(rows: Sequence[Row]) -> list[int]:
    return list(dict.fromkeys(row["side"] for row in rows))


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
