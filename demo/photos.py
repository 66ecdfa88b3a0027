"""Twelve photos of one person, made from one public-domain portrait, and four files to refuse.

The portrait is NASA's photo of Eileen Collins, which scikit-image carries as `data.astronaut`.
Crop, mirror, tilt and light vary as they do between a person's own photos.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from skimage import data

from local_aws.testcards import unsafe_card

SIDE = 512


@dataclass(frozen=True)
class Upload:
    """A file as a user would pick it: what it is called here, its declared type, its bytes."""

    name: str
    content: bytes
    content_type: str = "image/jpeg"


@dataclass(frozen=True)
class Variation:
    """How one photo differs from the portrait: crop box (of 512), tilt in degrees, light factor."""

    box: tuple[int, int, int, int]
    tilt: float = 0
    light: float = 1.0
    mirror: bool = False


VARIATIONS = (
    Variation((96, 0, 352, 256)),
    Variation((96, 0, 352, 256), mirror=True),
    Variation((120, 10, 330, 220), light=1.15),
    Variation((120, 10, 330, 220), light=0.8, mirror=True),
    Variation((60, 0, 400, 340), tilt=4),
    Variation((60, 0, 400, 340), tilt=-4, mirror=True),
    Variation((80, 0, 370, 290), light=1.25),
    Variation((80, 0, 370, 290), tilt=6, light=0.9),
    Variation((30, 0, 440, 410), mirror=True),
    Variation((30, 0, 440, 410), light=0.75),
    Variation((110, 0, 350, 240), tilt=-6, light=1.1),
    Variation((0, 0, 512, 512), tilt=2, mirror=True),
)


def portraits(count: int = len(VARIATIONS)) -> list[Upload]:
    """The first `count` photos of the person."""
    portrait = Image.fromarray(data.astronaut())
    return [
        Upload(f"photo {number}", jpeg(vary(portrait, variation)))
        for number, variation in enumerate(VARIATIONS[:count], start=1)
    ]


def vary(portrait: Image.Image, variation: Variation) -> Image.Image:
    """Apply one variation; the result is SIDE x SIDE."""
    picture = portrait.rotate(variation.tilt, resample=Image.Resampling.BICUBIC, center=(224, 120))
    picture = picture.crop(variation.box).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    picture = ImageEnhance.Brightness(picture).enhance(variation.light)
    return ImageOps.mirror(picture) if variation.mirror else picture


def without_a_face() -> Upload:
    """A drawn landscape: sky, sun, hills."""
    picture = Image.new("RGB", (SIDE, SIDE), "#9fd3f2")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((380, 50, 450, 120), fill="#ffe680")
    draw.polygon([(0, 360), (170, 190), (330, 380), (512, 240), (512, 512), (0, 512)], "#5d8f57")
    return Upload("a landscape", jpeg(picture))


def broken() -> Upload:
    """A JPEG that was cut off half-way."""
    content = portraits(1)[0].content
    return Upload("a broken file", content[: len(content) // 3])


def unsafe() -> Upload:
    """The test card that content moderation in the embedded AWS always refuses."""
    return Upload("the test card", jpeg(unsafe_card().convert("RGB")))


def jpeg(picture: Image.Image) -> bytes:
    """Encode as a camera would."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()
