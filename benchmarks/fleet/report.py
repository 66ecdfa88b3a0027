"""From rows to the tables and the plot of docs/10-scaling.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.fleet.choice import MOST_P95_S, best
from benchmarks.fleet.experiments import MEANT_FOR, OURS
from benchmarks.fleet.limits import limits
from benchmarks.fleet.policies import settings_of
from benchmarks.fleet.seeds import averaged, spread_of
from benchmarks.training.charts import Point, chart

Row = Mapping[str, Any]
CHOSEN = "deployed"
ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "10-scaling.md"
IMAGES = ROOT / "docs" / "images"
_HEAD = ("p50", "p95", "p99", "wakes", "GPU-hours", "most at once", "per 1,000 images")


def write(results: Mapping[str, Any], validated: Mapping[str, Any]) -> None:
    """Put every table into its place in the page, and draw the frontiers."""
    of = {
        name: [row for row in results["frontier"] if row["environment"] == name]
        for name in MEANT_FOR
    }
    frontiers = {name: _marked(name, [averaged(row) for row in rows]) for name, rows in of.items()}
    tables = {
        "run": [told(results["run"])],
        "choice": choices(of),
        "sizes": sizes([averaged(row) for row in results["sizes"]]),
        "routing": routing([averaged(row) for row in results["routing"]]),
        "limits": bounds(max(row["users"] for row in results["sizes"])),
        "validation": validation(validated),
        **{f"frontier-{name}": frontier(rows) for name, rows in frontiers.items()},
    }
    text = DOCUMENT.read_text()
    for name, lines in tables.items():
        text = placed(text, name, lines)
    DOCUMENT.write_text(text)
    for name, rows in frontiers.items():
        (IMAGES / f"scaling-frontier-{name}.svg").write_text(plot(name, rows))


def told(run: Mapping[str, Any]) -> str:
    """How the numbers came about, in a sentence."""
    return (
        f"One run of {run['seconds'] / 60:.0f} minutes on {run['processes']} processors:"
        f" {run['seeds']} seeds, {run['seeds_of_most']} of a million users."
        " Means; in brackets the least and the most of the seeds."
    )


def _marked(environment: str, rows: Sequence[Row]) -> list[Row]:
    """With the row of the parameters that are deployed now as a series of its own."""
    endpoint = settings_of(environment).endpoint

    def is_chosen(row: Row) -> bool:
        parameters: Mapping[str, Any] = row.get("parameters", {"max_instances": None})
        return all(getattr(endpoint, key) == value for key, value in parameters.items())

    return [{**row, "series": CHOSEN} if is_chosen(row) else row for row in rows]


def choices(frontiers: Mapping[str, Sequence[Row]]) -> list[str]:
    """What is deployed beside what the rule says."""
    lines = [
        _line("", "", "p95", "per 1,000 images", f"p95 ≤ {MOST_P95_S:.0f} s"),
        _line(*["---"] * 5),
    ]
    for name, rows in frontiers.items():
        ours = [row for row in rows if row["series"] == OURS]
        (now,) = [row for row in ours if _marked(name, [row])[0]["series"] == CHOSEN]
        for what, row in (("deployed", now), ("by the rule", best(ours, now))):
            mean = averaged(row)
            holds = "yes" if mean["p95_s"] <= MOST_P95_S else "no"
            p95, price = _cells(mean)[1], _cells(mean)[-1]
            lines.append(_line(f"{name}, {what}", row["setup"], p95, price, holds))
    return lines


def placed(text: str, name: str, lines: Sequence[str]) -> str:
    """The page with this table between its two marks; ValueError without them."""
    pattern = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{DOCUMENT.name} has no place for the table {name}")
    body = "\n".join(lines)
    return pattern.sub(lambda match: f"{match[1]}{body}\n{match[2]}", text)


def sizes(rows: Sequence[Row]) -> list[str]:
    """One block of rows for each number of users; the spike last."""
    lines = [_line("users", "", *_HEAD), _line(*["---"] * (len(_HEAD) + 2))]
    before = None
    for row in rows:
        users = f"{row['users']:,}" if row["users"] else row["trace"]
        lines.append(_line("" if users == before else users, row["setup"], *_cells(row)))
        before = users
    return lines


def frontier(rows: Sequence[Row]) -> list[str]:
    """What no other row beats in both p95 and price, and the named ones."""
    kept = [row for row in rows if _unbeaten(row, rows) or row["series"] != OURS]
    kept.sort(key=lambda row: row["usd_per_image"])
    lines = [_line("", *_HEAD), _line(*["---"] * (len(_HEAD) + 1))]
    for row in kept:
        name = f"**{row['setup']}**" if row["series"] == CHOSEN else row["setup"]
        star = " ★" if _unbeaten(row, rows) else ""
        lines.append(_line(name + star, *_cells(row)))
    return lines


def _unbeaten(row: Row, rows: Sequence[Row]) -> bool:
    return not any(
        other["usd_per_image"] <= row["usd_per_image"]
        and other["p95_s"] <= row["p95_s"]
        and (other["usd_per_image"], other["p95_s"]) != (row["usd_per_image"], row["p95_s"])
        for other in rows
    )


def routing(rows: Sequence[Row]) -> list[str]:
    """Where adapters were found."""
    lines = [
        _line("users", "", "on the GPU", "on the disk", "fetched", "p95", "per 1,000 images"),
        _line(*["---"] * 7),
    ]
    before = None
    for row in rows:
        users = "" if row["users"] == before else f"{row['users']:,}"
        name = row["setup"] if row["endpoints"] == 1 else f"{row['endpoints']}, {row['setup']}"
        shares = [f"{100 * row[key]:.1f}%" for key in ("resident", "on_disk", "fetched")]
        lines.append(_line(users, name, *shares, _p95(row), _price(row)))
        before = row["users"]
    return lines


def bounds(users: int) -> list[str]:
    """What binds with so many users."""
    lines = [_line("", "needed", "default quota", "what to do"), _line(*["---"] * 4)]
    return lines + [
        _line(each.what, each.needed, each.quota, each.remedy) for each in limits(users)
    ]


def validation(found: Mapping[str, Any]) -> list[str]:
    """Real and simulated side by side."""
    labels = {
        "wait_p50_s": "wait, p50 (s)",
        "wait_p95_s": "wait, p95 (s)",
        "mean_instances": "instances, mean",
        "most_instances": "instances, most",
        "wakes": "wakes",
    }
    told = (
        f"{found['requests']} requests, prod's policies ({found['policies']}), clock"
        f" ×{found['speed']:.0f}, {found['service_s']:.0f} s for a request,"
        f" {found['start_s']:.0f} s for a start:"
    )
    head = _line("", "real processes", "simulated", "difference")
    lines = [told, "", head, _line(*["---"] * 4)]
    for key, label in labels.items():
        real, simulated = found["real"][key], found["simulated"][key]
        share = f"{100 * (simulated - real) / real:+.0f}%" if real else "–"
        lines.append(_line(label, real, simulated, share))
    return lines


def plot(name: str, rows: Sequence[Row]) -> str:
    """p95 against price, means over the seeds, SVG."""
    series: dict[str, list[Point]] = {}
    for row in sorted(rows, key=lambda row: row["series"] != CHOSEN):
        label = "ours, other parameters" if row["series"] == OURS else str(row["series"])
        series.setdefault(label, []).append(Point(1000 * row["usd_per_image"], row["p95_s"]))
    return chart(
        f"{name}: {rows[0]['trace']}",
        "dollars per 1,000 images",
        "seconds from request to image, p95",
        series,
    )


def _cells(row: Row) -> list[str]:
    return [
        _seconds(row["p50_s"]),
        _p95(row),
        _seconds(row["p99_s"]),
        f"{row['wakes']:,.0f}",
        f"{row['gpu_hours']:,.0f}",
        "–" if row["most_instances"] is None else str(row["most_instances"]),
        _price(row),
    ]


def _p95(row: Row) -> str:
    spread = spread_of(row, "p95_s")
    among = f" ({spread[0]:,.0f}–{spread[1]:,.0f})" if spread else ""
    return f"{_seconds(row['p95_s'])}{among}"


def _price(row: Row) -> str:
    spread = spread_of(row, "usd_per_image")
    among = f" ({1000 * spread[0]:,.2f}–{1000 * spread[1]:,.2f})" if spread else ""
    return f"${1000 * row['usd_per_image']:,.2f}{among}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} s"


def _line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
