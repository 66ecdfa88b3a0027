"""Drawn subjects: two people who differ in colours that no caption names."""

import random
from pathlib import Path

from PIL import Image, ImageDraw

from training.tiny_world import COLOURS

PHOTOS = 12


def draw_photos(folder: Path, dress: str, wall: str) -> Path:
    """Twelve photos of one person, 96×128 pixels, slightly different each; returns the folder."""
    rng = random.Random(dress + wall)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(PHOTOS):
        shade = rng.uniform(0.9, 1.1)
        image = Image.new("RGB", (96, 128), _shaded(COLOURS[wall], shade))
        pen = ImageDraw.Draw(image)
        x, y, r = 48 + rng.randint(-6, 6), 52 + rng.randint(-5, 5), 26 + rng.randint(-3, 3)
        pen.ellipse((x - 2 * r, y + r, x + 2 * r, y + 4 * r), _shaded(COLOURS[dress], shade))
        pen.ellipse((x - r, y - 1.3 * r, x + r, y + r), (60, 40, 30))
        pen.ellipse((x - 0.8 * r, y - 0.9 * r, x + 0.8 * r, y + r), (225, 175, 140))
        image.save(folder / f"pho_{number:02d}.jpg", quality=92)
    return folder


def _shaded(colour: tuple[int, int, int], shade: float) -> tuple[int, int, int]:
    red, green, blue = (min(255, int(value * shade)) for value in colour)
    return red, green, blue
