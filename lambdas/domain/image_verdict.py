"""What screening says of one generated image.

released    its owner may see it
review      its owner may not see it until a moderator decided
withheld    its owner may not see it
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What becomes of an image."""

    RELEASED = "released"
    REVIEW = "review"
    WITHHELD = "withheld"

    @property
    def rank(self) -> int:
        """The worse, the higher."""
        return list(Outcome).index(self)


class ImageReason(StrEnum):
    """Why an image was not released."""

    UNSAFE = "unsafe"  # a moderation label
    MINOR = "minor"  # a face that may be of somebody under age
    CELEBRITY = "celebrity"  # a face that is known
    TEXT = "text"  # words in it that would be refused in a prompt
    UNSCREENABLE = "unscreenable"  # a service will never take it


@dataclass(frozen=True)
class SeenLabel:
    """What was seen, and how sure that is (0–100).

    `name`: a moderation label of Rekognition's; of a face "Age from 12" or "Celebrity", and never
    who it is; of words the category under which a prompt would be refused, and none of the words.
    """

    name: str
    confidence: float


@dataclass(frozen=True)
class ImageVerdict:
    """`reason` and `labels` say why, unless the image is released."""

    outcome: Outcome
    reason: ImageReason | None = None
    labels: tuple[SeenLabel, ...] = ()


RELEASED = ImageVerdict(Outcome.RELEASED)


def worse(one: ImageVerdict, other: ImageVerdict) -> ImageVerdict:
    """The one with the worse outcome; of equals the first."""
    return max(one, other, key=lambda verdict: verdict.outcome.rank)
