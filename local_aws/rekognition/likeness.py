"""How alike two faces are, 0–100: drawn ones by who they are, photographed ones by gradients.

For photographs this is the correlation of gradient histograms (HOG), far simpler than AWS's: it
tells one portrait under another light or crop from other faces, and no more.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from local_aws.rekognition import drawn
from local_aws.rekognition.face import Face, aligned
from local_aws.rekognition.images import Pixels

_SIDE = 96
_HISTOGRAMS = cv2.HOGDescriptor((_SIDE, _SIDE), (32, 32), (16, 16), (16, 16), 9)
# Measured: other people's faces reach 0.53, one portrait under variations never falls under 0.89.
_UNRELATED, _SAME = 0.5, 0.9


def _signature(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    even = cv2.equalizeHist(crop)
    vector = np.asarray(_HISTOGRAMS.compute(even), np.float64).ravel()
    vector -= vector.mean()
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def similarity(first: Pixels, one: Face, second: Pixels, other: Face) -> float:
    """0–100; a mirrored photo of the same face counts as the same face.

    A drawn and a photographed face have nothing in common that is measured here: 0.
    """
    if one.drawn is not None and other.drawn is not None:
        return drawn.similarity(one.drawn.person, other.drawn.person)
    if one.drawn is not None or other.drawn is not None:
        return 0.0
    reference = _signature(aligned(first, one, _SIDE))
    crop = aligned(second, other, _SIDE)
    mirrored = np.ascontiguousarray(crop[:, ::-1])
    correlation = max(float(reference @ _signature(c)) for c in (crop, mirrored))
    return float(np.clip(100 * (correlation - _UNRELATED) / (_SAME - _UNRELATED), 0, 100))
