"""Records as markdown tables; durations as p50 / p95 with how many there were."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from benchmarks.serving.findings import growth_of, hit_rate, image_ratio, quantile, swap_ratio
from benchmarks.training.charts import Point
from benchmarks.training.spread import spread_of
from benchmarks.training.store import Record
from benchmarks.training.tables import table

_MIB = 1 << 20
_SWAPS = {
    "host": "ours, from the host tier",
    "disk": "ours, from disk",
    "first": "ours, the first with its rank",
    "stock_memory": "stock, tensors given",
    "stock_file": "stock, from a file",
}


def swap_table(records: Sequence[Record]) -> list[str]:
    """A row for each side of each UNet, and how many times longer it takes than the host tier."""
    rows = []
    for record in records:
        seconds = record["seconds"]
        size = f"{record['parameters'] / 1e6:,.0f} M, {record['adapter_bytes'] / _MIB:.0f} MiB"
        for side, words in _SWAPS.items():
            times = [swap_ratio(record, side, share) for share in (0.5, 0.95)]
            rows.append(
                (
                    f"{record['variant']} ({size})",
                    words,
                    _milliseconds(seconds[side]["cpu"]),
                    _milliseconds(seconds[side]["clock"]),
                    " / ".join(f"{each:,.0f}" for each in times),
                )
            )
    heads = ("UNet, adapter", "side", "processor ms, p50 / p95 (n)", "clock ms, p50 / p95 (n)")
    return table((*heads, "× our host tier's, processor"), rows)


def images_table(records: Sequence[Record]) -> list[str]:
    """Images a second of both sides and their ratio, turn by turn."""
    rows = []
    for record in records:
        for measure, words in (("clock", "on the clock"), ("cpu", "of the processor")):
            sides = [
                spread_of([1 / each for each in record["seconds"][side][measure]])
                for side in ("ours", "stock")
            ]
            ratio = image_ratio(record, measure)
            cells = [each.text(3) if each else "–" for each in (*sides, ratio)]
            rows.append((words, *cells))
    return table(("images/s", "ours", "stock", "ours over stock, by turn"), rows)


def trace_table(records: Sequence[Record]) -> list[str]:
    """Throughput, time of a request, and where the adapters were found."""
    tiers = ("slot", "host", "disk", "store")
    rows = [
        (
            record["variant"],
            f"{record['requests']} ({record['distinct']})",
            f"{record['requests'] / sum(record['seconds']):.2f}",
            f"{record['requests'] / sum(record['cpu']):.2f}",
            _milliseconds(record["seconds"]),
            _milliseconds(record["adapter"]),
            *(f"{hit_rate(record, tier):.0%}" for tier in tiers),
        )
        for record in records
    ]
    times = ("requests/s", "per processor second", "a request, ms, p50 / p95 (n)")
    heads = ("server", "requests (subjects)", *times, "its adapter, ms, p50 / p95 (n)")
    return table((*heads, *tiers), rows)


def memory_table(records: Sequence[Record]) -> list[str]:
    """What was held at the beginning and at the end, and how it grew late."""
    rows = []
    for record in records:
        curve, grown = record["curve"], growth_of(record)
        middle = curve[len(curve) // 2][1]
        rows.append(
            (
                record["variant"],
                f"{record['swaps']:,}",
                f"{curve[0][1]:.1f} / {middle:.1f} / {grown.resident:.1f}",
                f"{grown.kib_per_swap:+.2f}",
                f"{grown.share_in_a_thousand:+.2%}",
                "–" if grown.given_out is None else f"{grown.given_out:+.3f}",
                "–" if grown.blocks is None else f"{grown.blocks:+.2f}",
            )
        )
    heads = ("base", "swaps", "MiB at 0 / half / end", "KiB a swap, late", "in 1,000 swaps")
    return table((*heads, "malloc's KiB a swap", "Python's blocks a swap"), rows)


def startup_table(records: Sequence[Record]) -> list[str]:
    """Seconds of each phase, on the clock and of the processor."""
    rows = []
    for record in records:
        for measure, words in (("seconds", "clock"), ("cpu", "processor")):
            phases = {name: spread_of(each) for name, each in record.get(measure, {}).items()}
            if not phases:
                continue
            cells = [each.text() if each else "–" for each in phases.values()]
            known = [each.mean for name, each in phases.items() if each and name != "second image"]
            rows.append((record["variant"], words, *cells, f"{sum(known):.2f}"))
    names = [*records[0]["seconds"]] if records else []
    return table(("code", "seconds of the", *names, "to the first image"), rows)


def reading_table(records: Sequence[Record]) -> list[str]:
    """Seconds of importing and loading, with the weights read ahead and without."""
    rows = []
    for record in records:
        for side, words in (("ahead", "while importing"), ("afterwards", "afterwards")):
            phases = record["seconds"][side]
            whole = [sum(turn) for turn in zip(*phases.values(), strict=True)]
            spreads = [spread_of(each) for each in (*phases.values(), whole)]
            rows.append((words, *(each.text() if each else "–" for each in spreads)))
    return table(("weights are read", "importing, s", "loading, s", "together, s"), rows)


def startup_points(records: Sequence[Record]) -> dict[str, list[Point]]:
    """The sum of the phases after each of them, for a plot."""
    series = {}
    for record in records:
        total, points = 0.0, [Point(0, 0)]
        for number, taken in enumerate(record["seconds"].values(), start=1):
            total += fmean(taken) if taken else 0.0
            points.append(Point(number, total))
        series[record["variant"]] = points
    return series


def precision_table(records: Sequence[Record]) -> list[str]:
    """By format: weights, processor's seconds an image, and what becomes of the picture."""
    rows = []
    for record in records:
        reference = median(record["cpu"]["fp32"])
        for name in record["bytes"]:
            taken, score = spread_of(record["cpu"][name]), spread_of(record["score"][name])
            psnr = spread_of(record["psnr"].get(name, []))
            rows.append(
                (
                    name,
                    f"{record['bytes'][name] / _MIB:.1f}",
                    taken.text() if taken else "–",
                    f"{reference / median(record['cpu'][name]):.2f}",
                    psnr.text(1) if psnr else "–",
                    score.text(3) if score else "–",
                )
            )
    heads = ("format", "weights, MiB", "processor s an image", "speed, fp32 = 1")
    return table((*heads, "PSNR to fp32, dB", "image–text cosine"), rows)


def batching_table(records: Sequence[Record]) -> list[str]:
    """By number of users: seconds of both ways; the ratio above 1 is what a batch wins."""
    rows = []
    for record in records:
        for users, alone in record["cpu"]["in turn"].items():
            together = record["cpu"]["batched"][users]
            ratio = median(alone) / median(together)
            texts = [each.text(3) if each else "–" for each in map(spread_of, (alone, together))]
            rows.append((users, *texts, f"{ratio:.2f}"))
    lines = table(("users", "in turn, s", "one batch, s", "batch is … × as fast"), rows)
    for record in records:
        lines += ["", f"Largest difference of an output, relative: {record['apart']:.1e}."]
    return lines


def isolation_table(records: Sequence[Record]) -> list[str]:
    """How many pictures were the fresh ones."""
    heads = ("base", "requests", "changes of request", "different ones", "equal, bit for bit")
    rows = [
        (
            record["base"],
            f"{record['requests']:,}",
            f"{record['changes']:,}",
            f"{record['distinct']} ({record['different_pictures']} pictures)",
            f"{record['equal']:,}",
        )
        for record in records
    ]
    return table(heads, rows)


def _milliseconds(seconds: Sequence[float]) -> str:
    low, high = (1000 * quantile(seconds, share) for share in (0.5, 0.95))
    digits = 2 if high < 100 else 0
    return f"{low:,.{digits}f} / {high:,.{digits}f} ({len(seconds)})"
