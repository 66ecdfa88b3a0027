"""Where the face is on a person's photo, told by the photo itself: in a comment of its JPEG file.

Whoever takes a photo in has asked a detector already; a training that crops by the same answer
needs no detector of its own, and what is erased with the photo needs no erasing apart.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

LANDMARKS = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
"""Amazon Rekognition's names, DetectFaces: left and right as the picture's viewer sees them."""

_KEY = "face"
_DIGITS = 4
# ISO/IEC 10918-1, B.2.4.5: the comment's marker, its length with the two bytes that tell it.
_START, _COMMENT = b"\xff\xd8", b"\xff\xfe"
_MOST = 1024
# Landmarks may lie a little outside where a face is cut off.
_LOW, _HIGH = -1.0, 2.0


@dataclass(frozen=True)
class FacePlaces:
    """`places` of LANDMARKS in their order: (x, y) as shares of the picture's width and height."""

    places: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, landmarks: Mapping[str, tuple[float, float]]) -> Self | None:
        """None unless all of LANDMARKS are there, and could be."""
        found = tuple(landmarks[name] for name in LANDMARKS if name in landmarks)
        return cls(found) if _are_places(found) else None

    @classmethod
    def from_comment(cls, comment: object) -> Self | None:
        """What `marked` left, as Pillow's `info["comment"]`; None of anybody else's comment."""
        if not isinstance(comment, bytes) or len(comment) > _MOST:
            return None
        try:
            told = json.loads(comment)[_KEY]
            found = tuple((float(x), float(y)) for x, y in told)
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return cls(found) if _are_places(found) else None

    def marked(self, jpeg: bytes) -> bytes:
        """The same picture with the places in its first comment. Raises ValueError for no JPEG."""
        if not jpeg.startswith(_START):
            raise ValueError("only a JPEG file can carry a comment")
        rounded = [[round(x, _DIGITS), round(y, _DIGITS)] for x, y in self.places]
        comment = json.dumps({_KEY: rounded}, separators=(",", ":")).encode()
        length = (len(comment) + 2).to_bytes(2)
        return _START + _COMMENT + length + comment + jpeg[len(_START) :]


def _are_places(found: tuple[tuple[float, float], ...]) -> bool:
    return len(found) == len(LANDMARKS) and all(
        math.isfinite(value) and _LOW <= value <= _HIGH for place in found for value in place
    )
