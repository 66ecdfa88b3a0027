"""From the bytes that the endpoint calls a picture to the two that we make of it ourselves.

Nothing of the endpoint's file is passed on: it is decoded within bounds, and what is released is
encoded anew, without metadata. What is screened shows the same pixels.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

from PIL import Image

from lambdas.ports import MAX_IMAGE_BYTES

# What Pillow's PNG decoder raises on malformed data.
STUMBLES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
# 2048 × 2048 of pure noise, the worst case, are 4.3 MB at that quality. An enlarged picture is made
# smaller first: what it shows is what it showed before it was enlarged.
_SCREENING_QUALITY, _SCREENING_SIDE = 95, 2048


class NotAnImage(Exception):  # noqa: N818 - a verdict
    """The bytes are no PNG of the size that was asked for."""


@dataclass(frozen=True)
class RenderedImage:
    """`png` to release, `screening` (PNG or JPEG within Rekognition's 5 MB) to look at."""

    png: bytes
    screening: bytes


def render(content: bytes, width: int, height: int) -> RenderedImage:
    """Decode and encode anew; raises NotAnImage."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                # Read from the header: nothing is decoded before its size is known to be right.
                if image.size != (width, height):
                    raise NotAnImage("of another size than was asked for")
                picture = image.convert("RGB")
    except STUMBLES:
        raise NotAnImage("cannot be decoded") from None
    clean = Image.frombytes("RGB", picture.size, picture.tobytes())
    png = _encoded(clean, "PNG")
    return RenderedImage(png, png if len(png) <= MAX_IMAGE_BYTES else _for_screening(clean))


def _for_screening(picture: Image.Image) -> bytes:
    """The same picture within Rekognition's 5 MB, whatever it shows and however large it is."""
    picture.thumbnail((_SCREENING_SIDE, _SCREENING_SIDE), Image.Resampling.LANCZOS)
    return _encoded(picture, "JPEG", quality=_SCREENING_QUALITY)


def _encoded(image: Image.Image, form: str, **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()
