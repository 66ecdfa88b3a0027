"""Ways in which a good portrait is no longer one. How much is said in shares of the face, and
nothing here knows a threshold of ours.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.photo_screening.shot import SIDE, Pixels, Shot

Random = np.random.Generator
Spoil = Callable[[Shot, Random], Pixels]


def out_of_focus(shot: Shot, random: Random) -> Pixels:
    """By a Gaussian of a tenth of the face or so."""
    deviation = shot.size * random.uniform(0.06, 0.13)
    return np.asarray(cv2.GaussianBlur(shot.pixels, (0, 0), deviation), np.uint8)


def shaken(shot: Shot, random: Random) -> Pixels:
    """Moved by a quarter of the face or more, in one direction."""
    length = round(shot.size * random.uniform(0.25, 0.5)) | 1
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), random.uniform(0, 180), 1)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    moved = cv2.filter2D(shot.pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)


def darkened(shot: Shot, random: Random) -> Pixels:
    """From dim to all but black, with the noise of a sensor."""
    dark = shot.pixels * random.uniform(0.06, 0.3) + random.normal(0, 1.5, shot.pixels.shape)
    return np.clip(dark, 0, 255).astype(np.uint8)


def overexposed(shot: Shot, random: Random) -> Pixels:
    """From pale to all but white."""
    return (255 - (255.0 - shot.pixels) * random.uniform(0.02, 0.16)).astype(np.uint8)


def masked(shot: Shot, random: Random) -> Pixels:
    """A mask over nose and mouth."""
    corners = ((-0.42, 0.1), (0.42, 0.1), (0.34, 0.55), (0.0, 0.64), (-0.34, 0.55))
    pixels = shot.pixels.copy()
    cv2.fillPoly(pixels, [np.array([shot.place(*c) for c in corners])], _colour(random))
    return pixels


def behind_a_hand(shot: Shot, random: Random) -> Pixels:
    """Something round over mouth, nose and a cheek."""
    pixels = shot.pixels.copy()
    axes = round(0.36 * shot.size), round(0.28 * shot.size)
    middle = shot.place(random.uniform(-0.15, 0.15), 0.3)
    cv2.ellipse(pixels, middle, axes, random.uniform(-40, 40), 0, 360, _colour(random), -1)
    return pixels


def half_hidden(shot: Shot, random: Random) -> Pixels:
    """One half of the face behind something with a straight edge."""
    side = random.choice((-1.0, 1.0))
    corners = ((0.04, -0.7), (0.75, -0.7), (0.75, 0.75), (0.04, 0.75))
    pixels = shot.pixels.copy()
    where = np.array([shot.place(side * right, down) for right, down in corners])
    cv2.fillPoly(pixels, [where], _colour(random))
    return pixels


def lying(shot: Shot, random: Random) -> Pixels:
    """Turned by 70 to 110 degrees: a head that lies on its side."""
    angle = random.choice((-1.0, 1.0)) * random.uniform(70, 110)
    turn = cv2.getRotationMatrix2D((shot.x, shot.y), angle, 0.9)
    turn[:, 2] += SIDE / 2 - np.array((shot.x, shot.y))
    lain = cv2.warpAffine(shot.pixels, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(lain, np.uint8)


def far_away(shot: Shot, random: Random) -> Pixels:
    """The face 60 to 150 pixels large, amid a continuation of the picture's border."""
    scale = random.uniform(60, 150) / shot.size
    small = cv2.resize(shot.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left = round(random.uniform(0.3, 0.7) * (SIDE - small.shape[1])) if small.shape[1] < SIDE else 0
    top = max(0, SIDE - small.shape[0])
    right = max(0, SIDE - small.shape[1] - left)
    return np.asarray(
        cv2.copyMakeBorder(small, top, 0, left, right, cv2.BORDER_REPLICATE), np.uint8
    )


def _colour(random: Random) -> tuple[int, ...]:
    return tuple(int(c) for c in random.integers(0, 256, 3))
