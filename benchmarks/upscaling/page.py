"""The page that is made of the readings, in Markdown."""

import math
import statistics
from collections.abc import Callable, Iterator

from benchmarks.upscaling.readings import DRAWN, TASKS, Reading
from benchmarks.upscaling.ways import GUIDANCE, STEPS, Way
from inference.enlarging import NOISE

_HEAD = f"""# What enlarging with the base model is worth

Made by `python -m benchmarks.upscaling`; every reading is a line of
[upscaling.jsonl](../benchmarks/results/upscaling.jsonl).

Pictures that the miniature never saw are drawn, reduced and enlarged again; each result is compared
with Lanczos' of the same picture. Differences are means over the pictures ± the standard error of
that mean. {STEPS} steps of DPM-Solver++ 2M, guidance {GUIDANCE}; the server adds {NOISE} of noise.

- *Likeness*: cosine with the drawn picture by the miniature's image encoder, mean over windows of
  the side that it looks at. This is where detail shows.
- *Own*, *other*: cosine of the whole with the picture's own caption, and with another picture's.
  The encoder reduces a whole picture to 128 pixels, so neither tells a sharp one from a soft one:
  the row *drawn*, the picture before it was reduced, says how much there is to gain. What they do
  tell is whether words have an effect: told another's caption, a picture should move towards it.
- *PSNR*: against the drawn picture. *Drift*: root mean square from the source, once the result is
  reduced to its size again; brightness is 0–255.
- *s*: CPU time of one core.

*{Way.WORDS.value}* is what a base with a doubler serves, *{Way.TILES.value}* what any other serves.
"""
_COLUMNS = "| way | noise | caption | n | likeness | own | other | PSNR, dB | drift | s |"
_ORDER = [Way.LANCZOS.value, Way.DOUBLER.value, Way.WORDS.value, Way.TILES.value, DRAWN]


def page(readings: list[Reading]) -> str:
    """All tasks that have readings."""
    lines = [_HEAD]
    for task in TASKS:
        some = [r for r in readings if (r.side, r.factor) == (task.side, task.factor)]
        if some:
            lines += [
                f"## {task.side} → {task.side * task.factor} pixels\n",
                _COLUMNS,
                "|---|---|---|---|---|---|---|---|---|---|",
                *_rows(some),
                "",
            ]
    return "\n".join(lines)


def _rows(readings: list[Reading]) -> Iterator[str]:
    plain = {r.picture: r for r in readings if r.way == Way.LANCZOS}
    kinds = {(_ORDER.index(r.way), r.noise, r.told) for r in readings}
    for place, noise, told in sorted(kinds):
        way = _ORDER[place]
        some = [r for r in readings if (r.way, r.noise, r.told) == (way, noise, told)]
        pairs = [(r, plain[r.picture]) for r in some]
        cells = [
            way,
            f"{noise}" if noise else "–",
            told,
            f"{len(some)}",
            _compared(pairs, lambda r: r.likeness, 4),
            _compared(pairs, lambda r: r.fit, 4),
            _compared(pairs, lambda r: r.other_fit, 4),
            "–" if way == DRAWN else _compared(pairs, lambda r: r.psnr, 1),
            f"{statistics.mean(r.drift for r in some):.1f}",
            f"{statistics.mean(r.seconds for r in some):.2f}",
        ]
        yield f"| {' | '.join(cells)} |"


def _compared(
    pairs: list[tuple[Reading, Reading]], number: Callable[[Reading], float], digits: int
) -> str:
    """Lanczos' own mean, or how far another's is from it."""
    mean = statistics.mean(number(one) for one, _ in pairs)
    if all(one is plain for one, plain in pairs):
        return f"{mean:.{digits}f}"
    apart = [number(one) - number(plain) for one, plain in pairs]
    error = statistics.stdev(apart) / math.sqrt(len(apart)) if len(apart) > 1 else math.nan
    return f"{statistics.mean(apart):+.{digits}f} ± {error:.{digits}f}"
