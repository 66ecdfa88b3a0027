"""A good portrait of which it is known where the face is, so that it can be spoiled."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 576  # pixels: above `min_side` of every environment
Pixels = NDArray[np.uint8]  # height × width × 3, red-green-blue


@dataclass(frozen=True)
class Shot:
    """`x`, `y`: the middle of the face; `size`: its side, in pixels; `tilt`: clockwise, radians."""

    pixels: Pixels
    x: float
    y: float
    size: float
    tilt: float = 0.0

    def place(self, right: float, down: float) -> tuple[int, int]:
        """Pixels of a spot in the face, told in shares of its size from its middle."""
        cosine, sine = np.cos(self.tilt), np.sin(self.tilt)
        return (
            round(self.x + self.size * float(right * cosine - down * sine)),
            round(self.y + self.size * float(right * sine + down * cosine)),
        )


class Source(Protocol):
    """Where pictures come from; each is fixed by its number."""

    @property
    def name(self) -> str:
        """One word."""
        ...

    def good(self, number: int) -> Shot:
        """A photo of the one person that must be accepted."""
        ...

    def stranger(self, number: int) -> Shot:
        """Somebody else."""
        ...

    def sunglasses(self, number: int) -> Pixels:
        """The person behind dark glasses."""
        ...

    def faceless(self, number: int) -> Pixels:
        """A picture of no person."""
        ...

    def thing(self, number: int) -> Pixels:
        """A thing or a pet that could be a subject itself."""
        ...


def encoded(pixels: Pixels, file_format: str = "JPEG", quality: int = 95) -> bytes:
    """As a camera saves it."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, file_format, quality=quality)
    return out.getvalue()
