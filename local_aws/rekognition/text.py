"""`DetectText` reads what test cards print, and nothing else: there is no reader on a laptop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local_aws.rekognition import cards
from local_aws.rekognition.images import Pixels

MODEL_VERSION = "3.0"
# Where cards print their words, as shares of the image: roughly, for a box must be given.
_BOX = {"Left": 0.2, "Top": 0.4, "Width": 0.6, "Height": 0.2}


def printed(pixels: Pixels) -> list[str]:
    """The words of the cards that an image shows, a line each."""
    return sorted(card.words for card in cards.shown(pixels))


def detections(lines: Sequence[str]) -> list[dict[str, Any]]:
    """`TextDetections`: each line, then its words."""
    found: list[dict[str, Any]] = []
    for words in lines:
        line = len(found)
        found.append(_detection(words, "LINE", line))
        for word in words.split():
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
