"""Which test cards (`local_aws.testcards`) an image shows.

Their markers survive JPEG, resizing and a mild crop; two of a card's four must be found, so nothing
in a photo is taken for one.
"""

from __future__ import annotations

import cv2

from local_aws.rekognition.images import Pixels
from local_aws.testcards import MARKERS, Card

CONFIDENCE = 99.0
_NEEDED = 2
_SIDES = (0, 640, 1280)  # longer side tried; 0 is the image as it is


def shown(pixels: Pixels) -> frozenset[Card]:
    """The cards in an image, nearly always none."""
    detector = cv2.aruco.ArucoDetector(MARKERS, cv2.aruco.DetectorParameters())
    for side in _SIDES:
        scale = side / max(pixels.shape[:2]) if side else 1.0
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = (
            pixels
            if scale == 1.0
            else cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=way)
        )
        _, ids, _ = detector.detectMarkers(image)
        if ids is None:
            continue
        seen = set(ids.ravel().tolist())
        cards = frozenset(card for card in Card if len(seen & set(card.value)) >= _NEEDED)
        if cards:
            return cards
    return frozenset()
