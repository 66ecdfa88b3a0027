"""Photographs that scikit-image carries: one portrait (NASA, public domain), and things.

All good photos are of one moment: they vary in crop, light, tilt and side, as far as one picture
can. The strangers are faces of 25 × 25 grey pixels of LFW, the only others at hand. She is a known
astronaut and they are public figures: AWS may well call them celebrities.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from skimage import data

from benchmarks.photo_screening.shot import SIDE, Pixels, Shot

# Of the face in `skimage.data.astronaut()`, 512 × 512: middle and side; it leans 3 degrees.
_X, _Y, _SIZE, _LEANS = 225.0, 115.0, 100.0, 3.0
_THINGS = ("chelsea", "coffee", "rocket")
# Photographs without a person; the portrait below its face is one.
_FACELESS = ("coffee", "chelsea", "rocket", "hubble_deep_field", "coins", "immunohistochemistry")
_EYES = 0.19, -0.12  # of a photographed face: beside and above its middle, in shares of its size


@dataclass(frozen=True)
class Photographed:
    """See `Source`."""

    name: str = "photographed"

    def good(self, number: int) -> Shot:
        """A crop of 170 to 240 of the 512 pixels, every second one mirrored."""
        return _good(number)

    def stranger(self, number: int) -> Shot:
        """A face of LFW, enlarged."""
        face = (255 * data.lfw_subset()[60 + 5 * number]).astype(np.uint8)
        large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        pixels = np.repeat(np.asarray(large, np.uint8)[..., None], 3, axis=2)
        return Shot(pixels, SIDE / 2, SIDE / 2, 0.85 * SIDE)

    def sunglasses(self, number: int) -> Pixels:
        """Painted on: no photograph with dark glasses is at hand."""
        shot = self.good(number)
        pixels = shot.pixels.copy()
        beside, above = _EYES
        frame = tuple(int(c) for c in np.random.default_rng((8, number)).integers(5, 40, 3))
        lens = round(0.14 * shot.size), round(0.1 * shot.size)
        left, right = shot.place(-beside, above), shot.place(beside, above)
        cv2.line(pixels, left, right, frame, max(2, round(0.03 * shot.size)))
        for eye in (left, right):
            cv2.ellipse(pixels, eye, lens, float(np.rad2deg(shot.tilt)), 0, 360, frame, -1)
        return pixels

    def faceless(self, number: int) -> Pixels:
        """Things, an animal, the sky, coins, tissue."""
        return _large(_FACELESS[number % len(_FACELESS)])

    def thing(self, number: int) -> Pixels:
        """A cat, a cup, a rocket."""
        return _large(_THINGS[number % len(_THINGS)])


@cache
def _good(number: int) -> Shot:
    random = np.random.default_rng((7, number))
    zoom, tilt = SIDE / random.uniform(170, 240), random.uniform(-10, 10)
    x, y = SIDE * random.uniform(0.4, 0.6), SIDE * random.uniform(0.4, 0.52)
    turn = cv2.getRotationMatrix2D((_X, _Y), tilt, zoom)
    turn[:, 2] += np.array((x, y)) - (_X, _Y)
    cut = cv2.warpAffine(
        data.astronaut(),
        turn,
        (SIDE, SIDE),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT,
    )
    light = (255 * (cut / 255.0) ** random.uniform(0.7, 1.4)).astype(np.uint8)
    leans = float(np.deg2rad(_LEANS - tilt))
    if number % 2:
        light, x, leans = np.ascontiguousarray(light[:, ::-1]), SIDE - x, -leans
    return Shot(np.asarray(light, np.uint8), x, y, _SIZE * zoom, leans)


def _large(name: str) -> Pixels:
    picture = np.asarray(getattr(data, name)())
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    scale = SIDE / min(picture.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way)
    return np.asarray(resized, np.uint8)
