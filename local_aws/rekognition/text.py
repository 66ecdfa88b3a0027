"""`DetectText` reads what test cards print, and nothing else: there is no reader on a laptop."""

from __future__ import annotations

from typing import Any

from local_aws.rekognition import cards
from local_aws.rekognition.images import Pixels

MODEL_VERSION = "3.0"
# Where cards print their words, as shares of the image: roughly, for a box must be given.
_BOX = {"Left": 0.2, "Top": 0.4, "Width": 0.6, "Height": 0.2}


def detections(pixels: Pixels) -> list[dict[str, Any]]:
    """`TextDetections`: the line of each card, then its words."""
    found: list[dict[str, Any]] = []
    for card in sorted(cards.shown(pixels), key=lambda card: card.name):
        line = len(found)
        found.append(_detection(card.words, "LINE", line))
        for word in card.words.split():
            found.append(_detection(word, "WORD", len(found)) | {"ParentId": line})
    return found


def _detection(words: str, kind: str, number: int) -> dict[str, Any]:
    left, top = _BOX["Left"], _BOX["Top"]
    right, bottom = left + _BOX["Width"], top + _BOX["Height"]
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return {
        "DetectedText": words,
        "Type": kind,
        "Id": number,
        "Confidence": cards.CONFIDENCE,
        "Geometry": {"BoundingBox": _BOX, "Polygon": [{"X": x, "Y": y} for x, y in corners]},
    }
