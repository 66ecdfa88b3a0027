"""A person's photo as a portrait: upright, the face at one place and of one size in all of them.

A base model that has seen more portraits than anything else draws eyes and mouths best where
portraits have them, and a dozen photos are too few to learn a face in every place. Faces are laid
over each other as for face recognition (five points, the similarity of least squares; Umeyama 1991,
IEEE TPAMI 13(4)).
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from contract.face_places import FacePlaces

# Eyes, nose and corners of the mouth on a portrait of head and shoulders with room for a hat, as
# shares of its side: where the embedded Rekognition finds them on the drawn world's.
_PORTRAIT = ((0.4, 0.54), (0.6, 0.54), (0.5, 0.636), (0.418, 0.708), (0.582, 0.708))
# A face this much smaller or larger than that gives no good portrait: photo pixels per pixel of it,
# as a share of the photo's shorter side.
_LEAST, _MOST = 0.2, 4.0
_SAMPLED = 2  # pixels round a place that bicubic sampling looks at


def portrait(photo: Image.Image, face: FacePlaces, side: int) -> Image.Image | None:
    """A square of `side` pixels; beyond the photo its edge goes on. None if the face is unfit."""
    width, height = photo.size
    a, b, x, y = _similarity(
        np.array(_PORTRAIT) * side, np.array(face.places) * np.array([width, height])
    )
    scale = math.hypot(a, b)
    if not _LEAST <= scale * side / min(width, height) <= _MOST:
        return None
    # Sampling alone would skip pixels where the photo is the larger one.
    shrink = max(1.0, scale)
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = photo.resize(size, Image.Resampling.LANCZOS)
    a, b, x, y = (value / shrink for value in (a, b, x, y))
    corners = np.array([(0, 0), (side, 0), (0, side), (side, side)], float)
    shown = corners @ np.array([[a, b], [-b, a]]) + (x, y)
    before = np.ceil(np.maximum(0, -shown.min(0)) + _SAMPLED).astype(int)
    after = np.ceil(np.maximum(0, shown.max(0) - small.size) + _SAMPLED).astype(int)
    beyond = ((before[1], after[1]), (before[0], after[0]), (0, 0))
    pixels = np.pad(np.asarray(small), beyond, mode="edge")
    return Image.fromarray(pixels).transform(
        (side, side),
        Image.Transform.AFFINE,
        (a, -b, x + before[0], b, a, y + before[1]),
        resample=Image.Resampling.BICUBIC,
    )


def _similarity(
    source: NDArray[np.float64], target: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """a, b, x, y of (u, v) → (a·u − b·v + x, b·u + a·v + y) that fits best."""
    ones, zeros = np.ones(len(source)), np.zeros(len(source))
    u, v = source.T
    rows = np.concatenate([np.stack([u, -v, ones, zeros], 1), np.stack([v, u, zeros, ones], 1)])
    solved = np.linalg.lstsq(rows, target.T.ravel(), rcond=None)[0]
    a, b, x, y = (float(value) for value in solved)
    return a, b, x, y
