"""What moderation labels mean here.

Rekognition's taxonomy has three levels; a label is judged by its own name and its parent's.
Whatever is not known to be harmless blocks, so that a label that AWS adds one day blocks too.
"""

from __future__ import annotations

from collections.abc import Iterable

from lambdas.ports import ModerationLabel

# Rekognition "Content moderation", taxonomy version 7: categories that may appear in an ordinary
# photo of a person, with their second level.
_HARMLESS = frozenset(
    {
        "Alcohol",
        "Alcohol Use",
        "Alcoholic Beverages",
        "Gambling",
    }
)


def is_unsafe(labels: Iterable[ModerationLabel]) -> bool:
    """Whether a picture with these labels must not pass."""
    return any(label.name not in _HARMLESS and label.parent not in _HARMLESS for label in labels)
