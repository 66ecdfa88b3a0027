"""Pictures as people upload them, drawn."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def picture(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """The upper half red, the lower half blue; the left edge of the upper half is green."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (0, height // 2, width, height))
    image.paste("lime", (0, 0, width // 8, height // 2))
    return image.convert(mode)


def encoded(image: Image.Image | None = None, kind: str = "JPEG", **options: Any) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    (image or picture()).save(out, kind, **options)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    """The picture in a file, read completely."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image
