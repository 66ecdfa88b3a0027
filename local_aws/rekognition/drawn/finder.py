"""Where the faces of drawn people are: a look at the whole picture, then a closer one at each."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from local_aws.rekognition.drawn.network import (
    FINDER,
    dense,
    features,
    standardised,
    weights,
)

SIDE = 96  # pixels of the network's picture
CELL = 8
MAP = SIDE // CELL
GLANCE = 0.15  # score of a place worth a closer look
SURE = 0.6  # score that the closer look must reach
AROUND = 1.9  # side of the closer look, in sizes of the face
MOST = 12  # places looked at closely
OVERLAP = 0.4  # boxes that share more are of one face

Pixels = NDArray[np.uint8]  # height × width × 3, red-green-blue


@dataclass(frozen=True)
class Found:
    """A face: centre, upright width and height in pixels; tilt clockwise, radians; yaw −1 to 1."""

    x: float
    y: float
    width: float
    height: float
    tilt: float
    yaw: float
    score: float

    @property
    def size(self) -> float:
        """Mean of width and height."""
        return (self.width + self.height) / 2


def find(picture: Pixels) -> list[Found]:
    """Faces of drawn people, the surest first."""
    height, width = picture.shape[:2]
    side = float(max(height, width))
    glances = _look(picture, width / 2, height / 2, side, GLANCE)[:MOST]
    closer = [seen[0] for glance in glances if (seen := _look_closer(picture, glance))]
    return _distinct(sorted(closer, key=lambda found: -found.score))


def _look_closer(picture: Pixels, glance: Found) -> list[Found]:
    """The face seen at a glance again, in the middle of a cell: between cells scores are low."""
    side = AROUND * glance.size
    aside = CELL / 2 * side / SIDE
    found = _look(picture, glance.x - aside, glance.y - aside, side, SURE)
    return [f for f in found if np.hypot(f.x - glance.x, f.y - glance.y) < 0.4 * glance.size]


def _look(picture: Pixels, x: float, y: float, side: float, least: float) -> list[Found]:
    """Faces in a square of the picture."""
    scale = SIDE / side
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = _square(picture, x, y, side, flags)
    seen = features(weights(), "finder", FINDER, standardised(square))
    maps = dense(weights(), "finder.head", seen)
    scores = np.asarray(1 / (1 + np.exp(-maps[..., 0])), np.float32)
    found = []
    for row, column in np.argwhere(_peaks(scores) & (scores >= least)):
        dx, dy, size, shape, tilt, yaw = (float(v) for v in maps[row, column, 1:])
        mean = side * float(np.exp(size))
        ratio = float(np.exp(shape))  # height over width
        found.append(
            Found(
                x=x + ((column + 0.5 + dx) * CELL - SIDE / 2) / scale,
                y=y + ((row + 0.5 + dy) * CELL - SIDE / 2) / scale,
                width=2 * mean / (1 + ratio),
                height=2 * mean * ratio / (1 + ratio),
                tilt=tilt,
                yaw=float(np.clip(yaw, -1, 1)),
                score=float(scores[row, column]),
            )
        )
    return sorted(found, key=lambda one: -one.score)


def _square(picture: Pixels, x: float, y: float, side: float, flags: int) -> Pixels:
    """A square of the picture at the network's size; what lies outside is grey."""
    left, top, wide = round(x - side / 2), round(y - side / 2), max(1, round(side))
    inner = picture[max(0, top) : max(0, top + wide), max(0, left) : max(0, left + wide)]
    ahead = (max(0, -top), max(0, -left))
    behind = (
        wide - ahead[0] - inner.shape[0],
        wide - ahead[1] - inner.shape[1],
    )
    framed = cv2.copyMakeBorder(
        np.ascontiguousarray(inner),
        ahead[0],
        behind[0],
        ahead[1],
        behind[1],
        cv2.BORDER_CONSTANT,
        value=(128, 128, 128),
    )
    return np.asarray(cv2.resize(framed, (SIDE, SIDE), interpolation=flags), np.uint8)


def _peaks(scores: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Cells that no neighbour exceeds."""
    return np.asarray(scores >= cv2.dilate(scores, np.ones((3, 3), np.uint8)))


def _distinct(found: list[Found]) -> list[Found]:
    """Each face once: of boxes that overlap the surest stays."""
    kept: list[Found] = []
    for one in found:
        if all(_overlap(one, other) < OVERLAP for other in kept):
            kept.append(one)
    return kept


def _overlap(one: Found, other: Found) -> float:
    across = min(one.x + one.width / 2, other.x + other.width / 2) - max(
        one.x - one.width / 2, other.x - other.width / 2
    )
    down = min(one.y + one.height / 2, other.y + other.height / 2) - max(
        one.y - one.height / 2, other.y - other.height / 2
    )
    shared = max(0.0, across) * max(0.0, down)
    return shared / (one.width * one.height + other.width * other.height - shared)
