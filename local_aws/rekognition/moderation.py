"""Moderation labels: the test card is unsafe, everything else is not."""

from __future__ import annotations

from typing import Any

from local_aws.rekognition import cards
from local_aws.rekognition.images import Pixels
from local_aws.testcards import Card

MODEL_VERSION = "7.0"
# Rekognition developer guide, "Using the image and video moderation APIs", version 7: a label's
# parent; empty at the top.
PARENTS = {
    "Explicit": "",
    "Explicit Nudity": "Explicit",
    "Exposed Male Genitalia": "Explicit Nudity",
    "Exposed Female Genitalia": "Explicit Nudity",
    "Exposed Buttocks or Anus": "Explicit Nudity",
    "Exposed Female Nipple": "Explicit Nudity",
    "Explicit Sexual Activity": "Explicit",
    "Sex Toys": "Explicit",
    "Non-Explicit Nudity of Intimate parts and Kissing": "",
    "Non-Explicit Nudity": "Non-Explicit Nudity of Intimate parts and Kissing",
    "Bare Back": "Non-Explicit Nudity",
    "Exposed Male Nipple": "Non-Explicit Nudity",
    "Partially Exposed Buttocks": "Non-Explicit Nudity",
    "Partially Exposed Female Breast": "Non-Explicit Nudity",
    "Implied Nudity": "Non-Explicit Nudity",
    "Obstructed Intimate Parts": "Non-Explicit Nudity of Intimate parts and Kissing",
    "Obstructed Female Nipple": "Obstructed Intimate Parts",
    "Obstructed Male Genitalia": "Obstructed Intimate Parts",
    "Kissing on the Lips": "Non-Explicit Nudity of Intimate parts and Kissing",
    "Swimwear or Underwear": "",
    "Female Swimwear or Underwear": "Swimwear or Underwear",
    "Male Swimwear or Underwear": "Swimwear or Underwear",
    "Violence": "",
    "Weapons": "Violence",
    "Graphic Violence": "Violence",
    "Weapon Violence": "Graphic Violence",
    "Physical Violence": "Graphic Violence",
    "Self-Harm": "Graphic Violence",
    "Blood & Gore": "Graphic Violence",
    "Explosions and Blasts": "Graphic Violence",
    "Visually Disturbing": "",
    "Death and Emaciation": "Visually Disturbing",
    "Emaciated Bodies": "Death and Emaciation",
    "Corpses": "Death and Emaciation",
    "Crashes": "Visually Disturbing",
    "Air Crash": "Crashes",
    "Drugs & Tobacco": "",
    "Products": "Drugs & Tobacco",
    "Pills": "Products",
    "Drugs & Tobacco Paraphernalia & Use": "Drugs & Tobacco",
    "Smoking": "Drugs & Tobacco Paraphernalia & Use",
    "Alcohol": "",
    "Alcohol Use": "Alcohol",
    "Drinking": "Alcohol Use",
    "Alcoholic Beverages": "Alcohol",
    "Rude Gestures": "",
    "Middle Finger": "Rude Gestures",
    "Gambling": "",
    "Hate Symbols": "",
    "Nazi Party": "Hate Symbols",
    "White Supremacy": "Hate Symbols",
    "Extremist": "Hate Symbols",
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
