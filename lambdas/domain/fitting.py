"""Bringing a hosted model's picture to the size that was promised to the client.

Bedrock documents the shapes that its models draw, not their pixels.
"""

from __future__ import annotations

import io
import math
import warnings

from PIL import Image, ImageOps

from lambdas.domain.rendered_image import STUMBLES, NotAnImage

# The models draw within 640 to 1,536 pixels a side; nothing larger is decoded.
_MAX_SIDE = 2048
# Shapes are rounded to whole blocks of pixels; a picture further off is not the one asked for.
_TOLERANCE = 0.05


def fitted(content: bytes, width: int, height: int) -> bytes:
    """A PNG of that size: as it came, or cut to the shape around its middle and resampled.

    Raises NotAnImage for bytes that are no picture of about that shape.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                # From the header: nothing is decoded before its size is known to be right.
                if image.size == (width, height):
                    return content
                if max(image.size) > _MAX_SIDE or _off(image.size, width, height) > _TOLERANCE:
                    raise NotAnImage("of another shape than was asked for")
                picture = image.convert("RGB")
    except STUMBLES:
        raise NotAnImage("cannot be decoded") from None
    out = io.BytesIO()
    ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _off(size: tuple[int, int], width: int, height: int) -> float:
    return abs(math.log(size[0] * height / (size[1] * width)))
