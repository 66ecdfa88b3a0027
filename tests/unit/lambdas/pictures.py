"""Pictures as people upload them, drawn."""

from __future__ import annotations

import io
import random
from typing import Any

from PIL import Image


def picture(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """The upper half red, the lower half blue; the left edge of the upper half is green."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (0, height // 2, width, height))
    image.paste("lime", (0, 0, width // 8, height // 2))
    return image.convert(mode)


PEOPLE = {"ada": (255, 0, 0), "bob": (0, 255, 0), "eve": (0, 0, 255), "nobody": (128, 128, 128)}


def portrait(person: str = "ada", number: int = 1, side: int = 160) -> Image.Image:
    """A picture unlike all others, random blocks, whose left edge says who is in it."""
    blocks = random.Random(f"{person} {number}").randbytes(64)
    image = Image.frombytes("L", (8, 8), blocks).resize((side, side), Image.Resampling.BICUBIC)
    image = image.convert("RGB")
    image.paste(PEOPLE[person], (0, 0, side // 8, side))
    return image


def who(jpeg: bytes) -> str | None:
    """Who is in such a portrait; None for nobody."""
    pixel = decoded(jpeg).resize((8, 8), Image.Resampling.BOX).getpixel((0, 4))
    assert isinstance(pixel, tuple)

    def far(person: str) -> float:
        return sum(abs(a - b) for a, b in zip(pixel, PEOPLE[person], strict=True))

    nearest = min(PEOPLE, key=far)
    return None if nearest == "nobody" else nearest


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
