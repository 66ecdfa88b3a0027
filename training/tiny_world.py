"""A small drawn world with captions: what the tiny base model is fitted on.

Pictures of 64×64 pixels: one figure or shape in front of a background, in colours that the caption
names. It is enough for a model to learn that layout and colour exist and that words steer them.
"""

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 64
_SCALE = 3  # drawn larger, then reduced: smooth edges

COLOURS = {
    "red": (205, 45, 45),
    "orange": (235, 140, 40),
    "yellow": (240, 215, 70),
    "green": (60, 150, 70),
    "blue": (50, 85, 190),
    "purple": (125, 60, 160),
    "pink": (235, 150, 180),
    "brown": (115, 75, 45),
    "black": (25, 25, 30),
    "white": (240, 240, 235),
    "grey": (130, 130, 135),
}
SKIN = [(250, 220, 195), (225, 175, 140), (190, 130, 95), (120, 80, 55), (75, 50, 40)]
SHAPES = ("circle", "square", "triangle", "ring", "cross")
KINDS = ("person", "cat", "house", *SHAPES)
STYLES = ("photo", "drawing", "portrait", "picture")


@dataclass(frozen=True)
class Drawing:
    """A picture and the words that describe it."""

    image: Image.Image
    caption: str


def draw(rng: random.Random) -> Drawing:
    """One random picture; the same state of `rng` gives the same picture."""
    main, back = rng.sample(sorted(COLOURS), 2)
    kind = rng.choice(("person", "person", *KINDS))
    canvas = _background(COLOURS[back], rng)
    pen = ImageDraw.Draw(canvas)
    size = SIDE * _SCALE
    x, y = size * rng.uniform(0.35, 0.65), size * rng.uniform(0.4, 0.6)
    radius = size * rng.uniform(0.18, 0.34)
    _FIGURES[kind](pen, x, y, radius, _near(COLOURS[main], rng), rng)
    image = canvas.resize((SIDE, SIDE), Image.Resampling.BOX)
    style = rng.choice(STYLES)
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    thing = f"person in {main}" if kind == "person" else f"{main} {kind}"
    return Drawing(image, f"a {style} of a {thing} on a {back} background")


def texture(rng: random.Random) -> Image.Image:
    """Soft colour noise of several grain sizes: shows the autoencoder what photos contain."""
    noise = np.random.default_rng(rng.getrandbits(32))
    total = np.zeros((SIDE, SIDE, 3), np.float32)
    for cells in (2, 4, 8, 16, 32):
        grain = noise.normal(0, 55 / cells**0.6, (cells, cells, 3)).astype(np.float32)
        layers = [
            Image.fromarray(grain[:, :, channel]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            for channel in range(3)
        ]
        total += np.stack([np.asarray(layer) for layer in layers], axis=-1)
    middle = noise.uniform(60, 200, 3)
    return Image.fromarray(np.clip(total + middle, 0, 255).astype(np.uint8))


def _near(colour: tuple[int, int, int], rng: random.Random) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, value + rng.randint(-18, 18))) for value in colour)
    return red, green, blue


def _background(colour: tuple[int, int, int], rng: random.Random) -> Image.Image:
    size = SIDE * _SCALE
    top, bottom = np.array(_near(colour, rng)), np.array(_near(colour, rng)) * rng.uniform(0.6, 1)
    ramp = np.linspace(0, 1, size)[:, None, None]
    rows = np.broadcast_to(top * (1 - ramp) + bottom * ramp, (size, size, 3))
    return Image.fromarray(np.clip(rows, 0, 255).astype(np.uint8))


_Colour = tuple[int, int, int]


def _box(x: float, y: float, rx: float, ry: float) -> tuple[float, float, float, float]:
    return x - rx, y - ry, x + rx, y + ry


def _person(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, colour: _Colour, rng: random.Random
) -> None:
    skin, hair = rng.choice(SKIN), _near(COLOURS[rng.choice(("black", "brown", "yellow"))], rng)
    pen.ellipse(_box(x, y + 2.6 * r, 1.7 * r, 1.7 * r), fill=colour)
    pen.rectangle((x - 0.3 * r, y + 0.4 * r, x + 0.3 * r, y + 1.2 * r), fill=skin)
    pen.ellipse(_box(x, y - 0.15 * r, 0.88 * r, rng.uniform(0.9, 1.3) * r), fill=hair)
    pen.ellipse(_box(x, y + 0.05 * r, 0.68 * r, 0.85 * r), fill=skin)
    for side in (-1, 1):
        pen.ellipse(_box(x + side * 0.27 * r, y - 0.08 * r, 0.08 * r, 0.08 * r), fill=(30, 25, 25))
    pen.line((x - 0.2 * r, y + 0.45 * r, x + 0.2 * r, y + 0.45 * r), (150, 60, 60), int(0.1 * r))


def _cat(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, colour: _Colour, rng: random.Random
) -> None:
    pen.ellipse(_box(x, y + 1.9 * r, 1.1 * r, 1.4 * r), fill=colour)
    for side in (-1, 1):
        tip = (x + side * 0.85 * r, y - 1.2 * r)
        pen.polygon([(x + side * 0.2 * r, y - 0.6 * r), tip, (x + side * 0.9 * r, y)], fill=colour)
    pen.ellipse(_box(x, y, 0.95 * r, 0.8 * r), fill=colour)
    eye = COLOURS[rng.choice(("green", "yellow", "blue"))]
    for side in (-1, 1):
        pen.ellipse(_box(x + side * 0.38 * r, y - 0.1 * r, 0.16 * r, 0.2 * r), fill=eye)


def _house(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, colour: _Colour, rng: random.Random
) -> None:
    pen.rectangle((x - r, y - 0.1 * r, x + r, y + 1.3 * r), fill=colour)
    roof = COLOURS[rng.choice(("brown", "black", "grey"))]
    pen.polygon([(x - 1.2 * r, y), (x, y - r), (x + 1.2 * r, y)], fill=roof)
    pen.rectangle((x - 0.2 * r, y + 0.5 * r, x + 0.2 * r, y + 1.3 * r), fill=roof)


def _circle(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, colour: _Colour, _: random.Random
) -> None:
    pen.ellipse(_box(x, y, r, r), fill=colour)


def _square(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, colour: _Colour, _: random.Random
) -> None:
    pen.rectangle(_box(x, y, r, r), fill=colour)


def _triangle(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, colour: _Colour, _: random.Random
) -> None:
    pen.polygon([(x - r, y + r), (x, y - r), (x + r, y + r)], fill=colour)


def _ring(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, colour: _Colour, _: random.Random
) -> None:
    pen.ellipse(_box(x, y, r, r), outline=colour, width=int(0.4 * r))


def _cross(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, colour: _Colour, _: random.Random
) -> None:
    pen.rectangle(_box(x, y, r, 0.3 * r), fill=colour)
    pen.rectangle(_box(x, y, 0.3 * r, r), fill=colour)


_FIGURES = {
    "person": _person,
    "cat": _cat,
    "house": _house,
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "ring": _ring,
    "cross": _cross,
}
