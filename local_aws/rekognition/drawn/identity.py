"""Who a drawn face is, and what can be seen of it, from a crop of the head turned upright."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from local_aws.rekognition.drawn.network import (
    IDENTITY,
    Floats,
    dense,
    features,
    standardised,
    weights,
)

SIDE = 64  # pixels of the network's crop
SPAN = 1.6  # side of the crop, in sizes of the face: hair is part of who somebody is, clothes not
LIFT = 0.17  # how far above the face's centre the crop's lies, in sizes of the face
VISIBLE = (
    "Sunglasses",
    "Eyeglasses",
    "EyesOpen",
    "Smile",
    "MouthOpen",
    "Beard",
    "Mustache",
    "FaceOccluded",
)
"""What the network tells of a face, as `DetectFaces` names it."""

Pixels = NDArray[np.uint8]  # height × width × 3, red-green-blue


@dataclass(frozen=True)
class Person:
    """Unit vector of who it is (96 numbers), and how likely each of VISIBLE is (0–1)."""

    vector: Floats
    visible: Mapping[str, float]


def head(picture: Pixels, x: float, y: float, size: float, tilt: float) -> Pixels:
    """The head alone, upright, 64 × 64. Tilt is clockwise, in radians; the rest in pixels."""
    scale = SIDE / (SPAN * size)
    if scale < 0.7:  # averaged first: turning alone would skip pixels
        less = scale * 1.3
        picture = np.asarray(
            cv2.resize(picture, None, fx=less, fy=less, interpolation=cv2.INTER_AREA), np.uint8
        )
        x, y, scale = x * less, y * less, scale / less
    turn = cv2.getRotationMatrix2D((x, y), float(np.rad2deg(tilt)), scale)
    turn[:, 2] += np.array((SIDE / 2, SIDE * (0.5 + LIFT / SPAN))) - (x, y)
    cut = cv2.warpAffine(picture, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def recognise(crop: Pixels) -> Person:
    """Run the network on a crop from `head`."""
    tensors = weights()
    flat = features(tensors, "identity", IDENTITY, standardised(crop)).ravel()
    vector = dense(tensors, "identity.vector", flat)
    chances = 1 / (1 + np.exp(-dense(tensors, "identity.visible", flat)))
    return Person(
        np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32),
        dict(zip(VISIBLE, chances.tolist(), strict=True)),
    )


def similarity(one: Person, other: Person) -> float:
    """0–100; 80 is where one in a hundred pairs of strangers passes (see `learning.identity`)."""
    slope, middle = (float(v) for v in weights()["identity.similarity"])
    cosine = float(one.vector @ other.vector)
    return float(100 / (1 + np.exp(-slope * (cosine - middle))))
