"""What lies behind: a plain colour with a soft shape in it, or one of the places."""

import math
import random

import numpy as np

from training.miniature.world.palette import BACKDROP, RGB, darker, lighter, mix
from training.miniature.world.pen import Pen, ellipse, points, smooth
from training.miniature.world.scene import Scene

_LEFT, _RIGHT, _TOP, _BOTTOM = -3.2, 3.2, -3.2, 3.2


def draw_backdrop(pen: Pen, scene: Scene) -> None:
    """Fill the whole picture. `pen` is the still camera's: places do not tilt with the head."""
    rng = random.Random(scene.seed)
    if scene.place == "plain":
        colour = BACKDROP[scene.backdrop]
        _sky(pen, colour, colour, 1)
        if scene.seed % 3 == 0:
            pen.disc(0, 0.1, 1.75, lighter(colour, 0.3))
        elif scene.seed % 3 == 1:
            pen.fill(
                points((_LEFT, 0.9), (_RIGHT, -0.6), (_RIGHT, _BOTTOM), (_LEFT, _BOTTOM)),
                darker(colour, 0.07),
            )
        return
    {
        "beach": _beach,
        "forest": _forest,
        "city": _city,
        "mountains": _mountains,
        "night sky": _night,
        "snow": _snow,
    }[scene.place](pen, rng)


def _sky(pen: Pen, top: RGB, low: RGB, bands: int = 8) -> None:
    for band in range(bands):
        y = _TOP + (_BOTTOM - _TOP) * band / bands
        pen.fill(
            points((_LEFT, y), (_RIGHT, y), (_RIGHT, _BOTTOM), (_LEFT, _BOTTOM)),
            mix(top, low, band / max(1, bands - 1)),
        )


def _ground(pen: Pen, y: float, colour: RGB) -> None:
    pen.fill(points((_LEFT, y), (_RIGHT, y), (_RIGHT, _BOTTOM), (_LEFT, _BOTTOM)), colour)


def _beach(pen: Pen, rng: random.Random) -> None:
    _sky(pen, (96, 186, 244), (214, 240, 252))
    pen.disc(rng.choice((-1, 1)) * rng.uniform(1.1, 1.5), -1.25, 0.34, (255, 226, 110))
    _ground(pen, 0.25, (34, 140, 200))
    _ground(pen, 0.55, (70, 180, 214))
    shore = [
        (_LEFT, 0.95),
        (-1.6, 0.85),
        (-0.5, 1.0),
        (0.6, 0.86),
        (1.7, 1.0),
        (_RIGHT, 0.9),
        (_RIGHT, 4),
        (_LEFT, 4),
    ]
    pen.fill(np.array(shore) - (0, 0.08), (244, 250, 250))
    pen.fill(np.array(shore), (242, 216, 156))


def _forest(pen: Pen, rng: random.Random) -> None:
    _sky(pen, (186, 224, 190), (226, 242, 206))
    for row, (colour, y) in enumerate((((96, 168, 112), 0.7), ((44, 122, 76), 1.1))):
        x = _LEFT + rng.uniform(0, 0.4)
        while x < _RIGHT:
            tall = rng.uniform(1.7, 2.4) - row * 0.2
            pen.fill(
                points((x - 0.08, y), (x + 0.08, y), (x + 0.08, y + 0.7), (x - 0.08, y + 0.7)),
                (104, 74, 52),
            )
            for step in range(3):
                base, half = y - tall * step * 0.27, 0.5 - step * 0.12
                pen.fill(
                    points((x - half, base), (x, base - tall * 0.46), (x + half, base)),
                    darker(colour, step * 0.05),
                )
            x += rng.uniform(0.6, 0.9)
    _ground(pen, 1.4, (78, 132, 66))


def _city(pen: Pen, rng: random.Random) -> None:
    _sky(pen, (250, 178, 136), (252, 224, 190))
    for colour, low, high in (((176, 150, 178), 1.4, 2.4), ((92, 90, 132), 0.8, 1.7)):
        x = _LEFT
        while x < _RIGHT:
            wide, top = rng.uniform(0.45, 0.75), 1.1 - rng.uniform(low, high)
            pen.fill(points((x, top), (x + wide - 0.05, top), (x + wide - 0.05, 4), (x, 4)), colour)
            if low < 1:
                for row in range(7):
                    for column in (0.12, 0.32):
                        if rng.random() < 0.6:
                            a, b = x + column, top + 0.14 + row * 0.27
                            pen.fill(
                                points((a, b), (a + 0.1, b), (a + 0.1, b + 0.13), (a, b + 0.13)),
                                (255, 222, 130),
                            )
            x += wide


def _mountains(pen: Pen, rng: random.Random) -> None:
    _sky(pen, (150, 200, 244), (232, 242, 250))
    for x, peak, colour in (
        (-1.5, -1.3, (112, 124, 160)),
        (1.4, -1.0, (128, 138, 172)),
        (0.2, -0.75, (92, 104, 140)),
    ):
        x += rng.uniform(-0.3, 0.3)
        pen.fill(points((x - 1.7, 1.3), (x, peak), (x + 1.7, 1.3)), colour)
        pen.fill(
            points(
                (x - 0.42, peak + 0.64),
                (x, peak),
                (x + 0.42, peak + 0.64),
                (x + 0.18, peak + 0.5),
                (x, peak + 0.72),
                (x - 0.2, peak + 0.5),
            ),
            (250, 252, 255),
        )
    pen.fill(
        smooth([(_LEFT, 1.1), (-1, 0.8), (1, 1.1), (_RIGHT, 0.9), (_RIGHT, 4), (_LEFT, 4)]),
        (112, 168, 98),
    )


def _night(pen: Pen, rng: random.Random) -> None:
    _sky(pen, (16, 18, 58), (58, 46, 116))
    side = rng.choice((-1, 1))
    pen.disc(side * 1.25, -1.2, 0.34, (252, 244, 206))
    pen.disc(side * 1.25 + 0.16, -1.27, 0.3, (26, 26, 72))
    for _ in range(34):
        pen.disc(
            rng.uniform(_LEFT, _RIGHT),
            rng.uniform(_TOP, 1.6),
            rng.uniform(0.025, 0.06),
            (255, 250, 220),
        )


def _snow(pen: Pen, rng: random.Random) -> None:
    _sky(pen, (172, 196, 222), (222, 232, 244))
    pen.fill(
        smooth([(_LEFT, 0.9), (-1.2, 0.6), (0.8, 0.95), (_RIGHT, 0.6), (_RIGHT, 4), (_LEFT, 4)]),
        (246, 250, 255),
    )
    for x in (-1.6, 1.6):
        x += rng.uniform(-0.25, 0.25)
        for step in range(3):
            base, half = 0.7 - step * 0.42, 0.46 - step * 0.11
            pen.fill(points((x - half, base), (x, base - 0.7), (x + half, base)), (92, 138, 132))
            pen.fill(
                points(
                    (x - half * 0.5, base - 0.35), (x, base - 0.7), (x + half * 0.5, base - 0.35)
                ),
                (244, 250, 255),
            )
    for _ in range(46):
        turn = rng.uniform(0, 2 * math.pi)
        pen.fill(
            ellipse(rng.uniform(_LEFT, _RIGHT), rng.uniform(_TOP, _BOTTOM), 0.05, 0.05, turn),
            (255, 255, 255),
        )
