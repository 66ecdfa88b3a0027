"""What is remembered of an accepted photo: enough to judge the set, nothing to know a face by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Bits of the perceptual hash.
HASH_BITS = 63


@dataclass(frozen=True)
class Pose:
    """Degrees away from the camera: turned (`yaw`), nodding (`pitch`), leaning (`roll`)."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True)
class Look:
    """One photo. `brightness` and `sharpness` of the whole picture, 0–100.

    `background`: shares of the colours behind the subject, see `lambdas.domain.measuring`.
    `ordinal`: the how-manieth photo that was ever accepted for its subject.
    `likeness`: ordinal of an earlier photo → similarity of the faces, 0–100.
    """

    hash: int
    brightness: float
    sharpness: float
    background: tuple[int, ...]
    pose: Pose | None = None
    ordinal: int = 0
    likeness: Mapping[int, float] = field(default_factory=dict)


def distance(one: int, other: int) -> int:
    """In how many bits two hashes differ."""
    return (one ^ other).bit_count()
