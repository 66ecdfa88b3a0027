"""Moderation labels: the test card is unsafe, everything else is not."""

from __future__ import annotations

from typing import Any

from local_aws.rekognition import cards
from local_aws.rekognition.images import Pixels
from local_aws.testcards import Card

MODEL_VERSION = "7.0"
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


def labels(pixels: Pixels, min_confidence: float) -> list[Label]:
    """`ModerationLabels` of at least the wanted confidence (0–100)."""
    if min_confidence > cards.CONFIDENCE or Card.UNSAFE not in cards.shown(pixels):
        return []
    return label("Explicit Nudity", cards.CONFIDENCE)
