"""Moderation labels: the test card is unsafe, everything else is not.

The card carries printed markers that survive JPEG, resizing and a mild crop; two of its four
must be found, so nothing in a photo is taken for it.
"""

from __future__ import annotations

from typing import Any

import cv2

from local_aws.rekognition.images import Pixels
from local_aws.testcards import MARKER_IDS, MARKERS

MODEL_VERSION = "7.0"
CARD_CONFIDENCE = 99.0
# The part of AWS's taxonomy that the card and planted verdicts use: parent by label.
PARENTS = {
    "Explicit": "",
    "Explicit Nudity": "Explicit",
    "Non-Explicit Nudity of Intimate parts and Kissing": "",
    "Swimwear or Underwear": "",
    "Violence": "",
    "Graphic Violence": "Violence",
    "Weapons": "Violence",
    "Visually Disturbing": "",
    "Drugs & Tobacco": "",
    "Alcohol": "",
    "Rude Gestures": "",
    "Gambling": "",
    "Hate Symbols": "",
}
_NEEDED = 2
_SIDES = (0, 640, 1280)  # longer side tried; 0 is the image as it is

Label = dict[str, Any]


def _level(name: str) -> int:
    parent = PARENTS.get(name, "")
    return 1 if not parent else _level(parent) + 1


def label(name: str, confidence: float, parent: str | None = None) -> list[Label]:
    """A label and its ancestors, as AWS lists them."""
    above = PARENTS.get(name, "") if parent is None else parent
    entry = {
        "Name": name,
        "ParentName": above,
        "Confidence": confidence,
        "TaxonomyLevel": _level(name),
    }
    return [entry, *(label(above, confidence) if above else [])]


def shows_card(pixels: Pixels) -> bool:
    """Whether the unsafe test card is in the image."""
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
        if ids is not None and len(set(ids.ravel().tolist()) & set(MARKER_IDS)) >= _NEEDED:
            return True
    return False


def labels(pixels: Pixels, min_confidence: float) -> list[Label]:
    """`ModerationLabels` of at least the wanted confidence (0–100)."""
    if not shows_card(pixels) or min_confidence > CARD_CONFIDENCE:
        return []
    return label("Explicit Nudity", CARD_CONFIDENCE)
