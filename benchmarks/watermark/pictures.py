"""Pictures to mark, and others that never were: photographs, portraits, noise, gradients."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from skimage import data

from training.miniature import world

if TYPE_CHECKING:
    from collections.abc import Iterator

PHOTOS = ("astronaut", "coffee", "chelsea", "rocket")
_SIDES = (64, 128, 192, 256)


def to_mark(side: int, drawn: int) -> Iterator[tuple[str, Image.Image]]:
    """Square pictures of that side: four photographs, and so many drawn portraits."""
    for name in PHOTOS:
        whole = photo(name)
        short = min(whole.size)
        square = whole.crop((0, 0, short, short))
        yield f"photo {name}", square.resize((side, side), Image.Resampling.LANCZOS)
    for seed in range(drawn):
        yield f"drawn {seed}", portrait(seed, side)


def unmarked(count: int) -> Iterator[tuple[str, Image.Image]]:
    """Pictures that carry no mark, of four kinds in turn, and of several sizes."""
    rng = np.random.default_rng(7)
    for index in range(count):
        side = _SIDES[index // 4 % len(_SIDES)]
        kind = ("drawn", "photo", "noise", "gradient")[index % 4]
        if kind == "drawn":
            picture = portrait(10_000 + index, min(side, 128))
        elif kind == "photo":
            picture = _crop(rng, side)
        elif kind == "noise":
            picture = Image.fromarray(rng.integers(0, 256, (side, side, 3)).astype(np.uint8))
        else:
            picture = _gradient(rng, side)
        yield f"{kind} {index}", picture


@cache
def photo(name: str) -> Image.Image:
    """One of scikit-image's photographs."""
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def portrait(seed: int, side: int) -> Image.Image:
    """A portrait of the miniature's drawn world."""
    rng = random.Random(seed)
    return world.draw(world.random_subject(rng), world.random_scene(rng), side).convert("RGB")


def _crop(rng: np.random.Generator, side: int) -> Image.Image:
    whole = photo(PHOTOS[int(rng.integers(len(PHOTOS)))])
    left = int(rng.integers(whole.width - side + 1))
    top = int(rng.integers(whole.height - side + 1))
    return whole.crop((left, top, left + side, top + side))


def _gradient(rng: np.random.Generator, side: int) -> Image.Image:
    """Between two colours, in any direction, with a few ripples as banding has them."""
    angle, steps = rng.uniform(0, 2 * np.pi), int(rng.integers(2, 256))
    y, x = np.mgrid[0:side, 0:side] / side
    way = (np.cos(angle) * x + np.sin(angle) * y + 2) / 4
    way = np.round(way * steps) / steps
    first, second = rng.uniform(0, 255, (2, 3))
    mixed = first + (second - first) * way[..., None]
    return Image.fromarray(np.rint(mixed).astype(np.uint8))
