"""One face in an image, whichever detector found it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from local_aws.rekognition.drawn import Drawn
from local_aws.rekognition.images import Pixels


@dataclass(frozen=True)
class Face:
    """Centre and side of its square in pixels, tilt in degrees, confidence 0–100."""

    x: float
    y: float
    size: float
    tilt: float  # counter-clockwise, as the face leans
    confidence: float
    drawn: Drawn | None = None  # what is known of a drawn face; None: the face is photographed

    @property
    def width(self) -> float:
        """Of the upright box that holds the face, in pixels."""
        return self._extent(np.cos, np.sin)

    @property
    def height(self) -> float:
        """Of the upright box that holds the face, in pixels."""
        return self._extent(np.sin, np.cos)

    def _extent(self, first: np.ufunc, second: np.ufunc) -> float:
        if self.drawn is None:
            return self.size
        angle = np.deg2rad(self.tilt)  # of an ellipse that leans
        return float(np.hypot(self.drawn.width * first(angle), self.drawn.height * second(angle)))


def aligned(pixels: Pixels, face: Face, side: int = 128) -> NDArray[np.uint8]:
    """The face alone: turned upright, cut out, in gray, `side` × `side`."""
    factor = side / face.size
    turn = cv2.getRotationMatrix2D((face.x, face.y), -face.tilt, factor)
    turn[:, 2] += side / 2 - np.array([face.x, face.y])
    cut = cv2.warpAffine(
        cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY),
        turn,
        (side, side),
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, np.uint8)
