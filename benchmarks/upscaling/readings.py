"""One picture enlarged in each way, and what the miniature's image encoder says of the results.

The encoder looks at `native_side` pixels. A whole picture is reduced to that, and its cosine with a
caption cannot tell a sharp one from a soft one: the drawn picture itself gains next to nothing over
Lanczos' there. Detail is judged where it is: in windows of that side, each against the same window
of the drawn picture.
"""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as nnf

from benchmarks.upscaling.ways import Studio, Told, Way
from inference.canvas import Pixels
from inference.enlarging import NOISE
from inference.latent_space import as_levels
from training.miniature.assemble import ImageText
from training.miniature.pictures import HELD_OUT, caption_of, described
from training.miniature.world import draw_array

OWN, ANOTHERS, NOBODYS = "own", "another's", "–"
DRAWN = "drawn"
Run = tuple[str, str, float]
"""Way, whose caption, noise."""
AS_DRAWN: Run = (DRAWN, NOBODYS, 0.0)


@dataclass(frozen=True)
class Task:
    """Drawn, reduced to `side`, enlarged `factor` times."""

    side: int
    factor: int
    runs: tuple[Run, ...]


_PLAIN = ((Way.LANCZOS, NOBODYS, 0.0), (Way.DOUBLER, NOBODYS, 0.0))
_SERVED = ((Way.WORDS, OWN, NOISE), (Way.WORDS, ANOTHERS, NOISE))
_TILED = ((Way.TILES, OWN, NOISE),)
_NOISIER = ((Way.WORDS, OWN, 2 * NOISE), (Way.WORDS, ANOTHERS, 2 * NOISE))
# A tile is 128 pixels: the first task has one tile, the second nine.
TASKS = (
    Task(64, 2, (*_PLAIN, *_SERVED, *_NOISIER, *_TILED)),
    Task(128, 2, (*_PLAIN, *_SERVED, *_TILED)),
    Task(64, 4, (*_PLAIN, *_SERVED)),
)


@dataclass(frozen=True)
class Reading:
    """`way` is DRAWN for the picture as it was before it was reduced."""

    picture: int
    side: int
    factor: int
    way: str
    told: str
    noise: float
    fit: float
    """Cosine of the whole with the picture's own caption."""
    other_fit: float
    """The same with another picture's caption: what ANOTHERS tells."""
    likeness: float
    """Mean cosine of windows with those of the drawn picture."""
    psnr: float
    """Against the drawn picture, in dB."""
    drift: float
    """Root mean square from the source, once reduced to its size again; brightness is 0–255."""
    seconds: float
    """CPU time."""


class Bench:
    """The ways, and their judge."""

    def __init__(self, folder: Path) -> None:
        self._studio = Studio(folder)
        base = self._studio.base
        self._pair = ImageText(folder, base.text_encoders[0], base.tokenizers[0])

    def readings(self, picture: int, task: Task, known: Collection[Run] = ()) -> Iterator[Reading]:
        """Of picture number `picture`: each of the task's runs that is not known."""
        runs = [run for run in (AS_DRAWN, *task.runs) if run not in known]
        if not runs:
            return
        number = HELD_OUT + picture
        truth = draw_array(*described(number), task.side * task.factor)
        small = _reduced(truth, task.side)
        captions = {OWN: caption_of(number).text, ANOTHERS: caption_of(number + 1).text}
        texts, seen = self._pair.texts(list(captions.values())), self._windows(truth)

        def judged(large: Pixels, way: str, told: str, noise: float, seconds: float) -> Reading:
            fit, other = (self._pair.images(as_levels(large)) @ texts.T)[0].tolist()
            likeness = float((self._windows(large) * seen).sum(1).mean())
            return Reading(
                picture,
                task.side,
                task.factor,
                way,
                told,
                noise,
                fit=round(fit, 4),
                other_fit=round(other, 4),
                likeness=round(likeness, 5),
                psnr=round(_psnr(large, truth), 2),
                drift=round(_drift(large, small), 2),
                seconds=round(seconds, 3),
            )

        for way, told, noise in runs:
            begun, large = time.process_time(), truth
            if way != DRAWN:
                wish = Told(Way(way), captions.get(told, ""), noise, seed=picture)
                large = self._studio.enlarged(small, task.factor, wish)
            yield judged(large, str(way), told, noise, time.process_time() - begun)

    def _windows(self, large: Pixels) -> torch.Tensor:
        """Unit vectors of windows that overlap by half, (n, projection)."""
        side = self._studio.native_side
        levels = as_levels(large)
        windows = nnf.unfold(levels, side, stride=side // 2)[0].T.reshape(-1, 3, side, side)
        return self._pair.images(windows)


def _reduced(large: Pixels, side: int) -> Pixels:
    return np.asarray(Image.fromarray(large).resize((side, side), Image.Resampling.BOX))


def _psnr(one: Pixels, other: Pixels) -> float:
    # A picture of squares comes back without an error: then as if it had one level in 100 pixels.
    return 10 * float(np.log10(255**2 / max(_squared(one, other), 0.01)))


def _drift(large: Pixels, small: Pixels) -> float:
    return float(np.sqrt(_squared(_reduced(large, small.shape[0]), small)))


def _squared(one: Pixels, other: Pixels) -> float:
    return float(np.square(one.astype(np.float64) - other).mean())
