"""Putting the mark into an image, knowing what the image does to it.

The embedder sees the picture's own part in each line, and only adds what is missing to a margin:
lines that point the right way already cost nothing ("informed embedding", Miller, Doërr and Cox,
IEEE Trans. Image Processing 13(6), 2004). Where the distortion allowed cannot move all lines, as in
small pictures full of detail, it moves those that need least, and leaves the rest to the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lambdas.domain.watermark.carrier import carrier
from lambdas.domain.watermark.code import encode
from lambdas.domain.watermark.detection import number_at
from lambdas.domain.watermark.spectrum import evened, lines, luma, pattern

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Lines = NDArray[np.complex128]


class CannotBeMarked(Exception):  # noqa: N818 - a verdict
    """The picture is too small, or has no room: the number cannot be read back from it."""


@dataclass(frozen=True)
class Strength:
    """How a picture is marked from `side` (the shorter one, in pixels) on.

    `scale`: of a tile. `psnr`: decibels, of the luma that is added. `masking`: 0 adds the same
    everywhere; 1 adds in proportion to the detail that hides it.
    """

    side: int
    scale: float
    psnr: float
    masking: float


# Small pictures have few tiles: theirs are finer, and as strong as can be. Measured by
# `python -m benchmarks.watermark`.
STRENGTHS = (
    Strength(640, 1.0, 43.0, 0.5),
    Strength(320, 1.0, 41.0, 0.5),
    Strength(160, 0.625, 39.5, 0.0),
    Strength(1, 0.45, 38.5, 0.0),
)
# If the number cannot be read back, the mark is made stronger, so many decibels at a time.
_LOUDER = (0.0, 3.0, 6.0)
_ROUNDS = 3
_MARGINS = np.geomspace(0.1, 4.0, 24)
# How far a line may point aside, in margins.
_ASIDE = 0.35


def strength_for(width: int, height: int) -> Strength:
    """The strength for a picture of that size."""
    return next(each for each in STRENGTHS if min(width, height) >= each.side)


def embed(rgb: NDArray[np.uint8], number: int, key: bytes) -> NDArray[np.uint8]:
    """The marked picture [height, width, 3]; raises CannotBeMarked if it cannot be read back."""
    height, width = rgb.shape[:2]
    strength = strength_for(width, height)
    for louder in _LOUDER:
        marked = _embedded(rgb, number, key, strength, strength.psnr - louder)
        if number_at(luma(marked), key, strength.scale) == number:
            return marked
    raise CannotBeMarked(f"{width} x {height}")


def _embedded(
    rgb: NDArray[np.uint8], number: int, key: bytes, strength: Strength, psnr: float
) -> NDArray[np.uint8]:
    carried = carrier(key)
    targets = carried.targets(encode(number, key))
    plane = luma(rgb)
    deviation = evened(plane)[1]
    mask = deviation**strength.masking
    # What one unit of the mask shows in the lines, and how much of it the distortion allows.
    response = float(np.mean(mask / deviation))
    allowed = 255 * 10 ** (-psnr / 20)
    budget = allowed**2 * response**2 / float(np.mean(mask**2)) / 2
    added: Lines = np.zeros(len(targets), complex)
    change = np.zeros_like(plane)
    for _ in range(_ROUNDS):
        seen = lines(evened(np.clip(plane + change, 0, 255))[0], carried, strength.scale)
        added = _added(seen * targets.conj(), added, budget)
        wave = pattern(added * targets, carried, plane.shape, strength.scale)
        change = mask * wave / np.float32(response)
        factor = allowed / max(float(np.sqrt(np.mean(change**2))), 1e-9)
        change *= np.float32(factor)
        added = added * factor
    marked: NDArray[np.uint8] = np.clip(np.rint(rgb + change[..., None]), 0, 255).astype(np.uint8)
    return marked


def _added(seen: Lines, before: Lines, budget: float) -> Lines:
    """What to add to each line, all turned so that the target is 1.

    `seen`: the lines with `before` in them. `budget`: for the sum of squares of what is added.
    """
    unit = np.sqrt(budget / len(seen))
    best, best_score = before, -np.inf
    for margin in _MARGINS * unit:
        wanted = np.maximum(seen.real, margin) + 1j * np.clip(
            seen.imag, -_ASIDE * margin, _ASIDE * margin
        )
        move = wanted - seen
        cheapest = np.argsort(np.abs(move))
        cost = np.abs(before + move) ** 2 - np.abs(before) ** 2
        spent = np.sum(np.abs(before) ** 2) + np.cumsum(cost[cheapest])
        moved = np.zeros(len(seen), bool)
        moved[cheapest[spent <= budget]] = True
        lines_then = np.where(moved, wanted, seen)
        # Of each line its part along the target, as far as that is out of the noise's reach.
        score = float(np.sum(lines_then.real / (np.abs(lines_then) + unit)))
        if score > best_score:
            best, best_score = np.where(moved, before + move, before), score
    return best
