"""Plots as SVG text: a scatter of arms, and likeness over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 220, 30, 50
_COLOURS = (
    "#1b6ca8",
    "#d1495b",
    "#2e8b57",
    "#8d6a9f",
    "#c98b1d",
    "#4a4a4a",
    "#1aa6a6",
    "#b0563b",
    "#7fb800",
    "#e377c2",
    "#9aa0a6",
    "#003f5c",
)
_TICKS = 5
_OPENING = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
    'font-family="sans-serif" font-size="11" fill="#333">'
)


@dataclass(frozen=True)
class Point:
    """A place in a plot's own units; `wide` and `high` are half the lengths of its error bars."""

    x: float
    y: float
    wide: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Axis:
    """From the data's values to pixels; `step` parts the ticks, on round numbers."""

    label: str
    low: float
    high: float
    step: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """In pixels."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[float]:
        """Evenly from end to end."""
        count = round((self.high - self.low) / self.step)
        return [self.low + self.step * number for number in range(count + 1)]


def chart(
    title: str,
    across: str,
    up: str,
    series: Mapping[str, Sequence[Point]],
    *,
    joined: bool = False,
) -> str:
    """Each series in its own colour, named at the right; joined by lines in order of x."""
    points = [point for each in series.values() for point in each]
    x = _axis(across, [p.x + s * p.wide for p in points for s in (-1, 1)], _LEFT, _WIDTH - _RIGHT)
    y = _axis(up, [p.y + s * p.high for p in points for s in (-1, 1)], _HEIGHT - _BOTTOM, _TOP)
    parts = [
        _OPENING,
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="18" font-size="14">{escape(title)}</text>',
        *_frame(x, y),
    ]
    for number, (name, each) in enumerate(series.items()):
        colour, row = _COLOURS[number % len(_COLOURS)], _TOP + 8 + 18 * number
        parts += _drawn(sorted(each, key=lambda point: point.x), x, y, colour, joined=joined)
        parts.append(f'<circle cx="{_WIDTH - _RIGHT + 16}" cy="{row}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 26}" y="{row + 4}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _axis(label: str, values: Sequence[float], start: float, end: float) -> Axis:
    """Round numbers around the values: ticks 1, 2 or 5 apart, times a power of ten."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    rough = max(high - low, 1e-3) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return Axis(label, first * step, max(last, first + 1) * step, step, start, end)


def _frame(x: Axis, y: Axis) -> list[str]:
    line = '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#ddd"/>'
    parts = []
    for value in x.ticks:
        place = x.place(value)
        parts.append(line.format(place, y.start, place, y.end))
        parts.append(
            f'<text x="{place}" y="{y.start + 16}" text-anchor="middle">{value:.3g}</text>'
        )
    for value in y.ticks:
        place = y.place(value)
        parts.append(line.format(x.start, place, x.end, place))
        parts.append(
            f'<text x="{x.start - 6}" y="{place + 4}" text-anchor="end">{value:.3g}</text>'
        )
    middle = (x.start + x.end) / 2
    height = (y.start + y.end) / 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(x.label)}</text>'
    )
    parts.append(
        f'<text x="14" y="{height}" text-anchor="middle" '
        f'transform="rotate(-90 14 {height})">{escape(y.label)}</text>'
    )
    return parts


def _drawn(points: Sequence[Point], x: Axis, y: Axis, colour: str, *, joined: bool) -> list[str]:
    parts = []
    if joined:
        path = " ".join(f"{x.place(p.x)},{y.place(p.y)}" for p in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    bar = '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-opacity="0.4"/>'
    for p in points:
        across, up = x.place(p.x), y.place(p.y)
        if p.wide:
            parts.append(bar.format(x.place(p.x - p.wide), up, x.place(p.x + p.wide), up, colour))
        if p.high:
            parts.append(
                bar.format(across, y.place(p.y - p.high), across, y.place(p.y + p.high), colour)
            )
        parts.append(f'<circle cx="{across}" cy="{up}" r="4" fill="{colour}"/>')
    return parts
