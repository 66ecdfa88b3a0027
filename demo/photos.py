"""Twelve photos of one drawn person, three files to refuse, and the way to bring one's own.

The person is of the drawn world that the miniature base model knows. Pose, light, mood, clothes and
place vary as they do between one's own photos; no caption of that world names a scar like hers.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from local_aws.testcards import unsafe_card
from training.miniature.world import draw, random_scene, random_subject
from training.miniature.world.scene import Camera

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 512
ADA = random_subject(random.Random(104), kind="person", marked=True)
_PORTRAITS = 12
_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


@dataclass(frozen=True)
class Upload:
    """A file as a user would pick it: what it is called here, its declared type, its bytes."""

    name: str
    content: bytes
    content_type: str = "image/jpeg"


def portraits(count: int = _PORTRAITS) -> list[Upload]:
    """The first `count` photos of Ada, always the same ones."""
    rng = random.Random(5)
    scenes = [
        replace(random_scene(rng, style="flat"), hat="none", glasses="none") for _ in range(count)
    ]
    return [
        Upload(f"photo {number}", jpeg(draw(ADA, scene, SIDE)))
        for number, scene in enumerate(scenes, start=1)
    ]


def alike(count: int = 10) -> list[Upload]:
    """Photos that pass one by one and are too alike together: one wall, one light, one pose."""
    rng = random.Random(8)
    wall = Camera(zoom=1.0)
    scenes = [
        replace(
            random_scene(rng, style="flat"),
            hat="none", glasses="none", place="plain", backdrop="white", light="even",
            light_from=1.0, camera=replace(wall, zoom=1.0 + number / 40),
        )
        for number in range(count)
    ]  # fmt: skip
    return [
        Upload(f"alike {number}", jpeg(draw(ADA, scene, SIDE)))
        for number, scene in enumerate(scenes, start=1)
    ]


def from_folder(folder: Path) -> list[Upload]:
    """Every JPEG, PNG and WebP file of a folder, by name; `ValueError` if there is none."""
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _TYPES)
    if not files:
        raise ValueError(f"there is no JPEG, PNG or WebP file in {folder}")
    return [Upload(file.name, file.read_bytes(), _TYPES[file.suffix.lower()]) for file in files]


def refused() -> list[Upload]:
    """What no photo set may hold: no face, no picture at all, unsafe."""
    return [without_a_face(), broken(), unsafe()]


def without_a_face() -> Upload:
    """A drawn landscape: sky, sun, hills."""
    picture = Image.new("RGB", (SIDE, SIDE), "#9fd3f2")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((380, 50, 450, 120), fill="#ffe680")
    pen.polygon([(0, 360), (170, 190), (330, 380), (512, 240), (512, 512), (0, 512)], "#5d8f57")
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
