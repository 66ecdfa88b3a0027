"""Neck, shoulders and what a person wears on them."""

from dataclasses import dataclass

from training.miniature.world.palette import CLOTH, RGB, darker, lighter, luminance
from training.miniature.world.pen import Pen, Points, box, ellipse, points, smooth
from training.miniature.world.scene import Scene
from training.miniature.world.subject import Subject

_WHITE: RGB = (250, 248, 244)


@dataclass(frozen=True)
class _Body:
    """What all garments need: skin, half width of the shoulders, colour and its contrast."""

    skin: RGB
    wide: float
    name: str
    cloth: RGB
    ink: RGB

    def shoulders(self, collar: list[tuple[float, float]], slope: float) -> Points:
        """The garment's outline below a collar given from left to right."""
        wide = self.wide
        right = [(wide * slope, 1.36), (wide + 0.06, 1.9), (wide + 0.1, 4.0)]
        return smooth([*collar, *right, *((-x, y) for x, y in reversed(right))])


def draw_body(pen: Pen, subject: Subject, scene: Scene) -> None:
    """Neck, shoulders and the garment."""
    skin, cloth = subject.skin_rgb, CLOTH[scene.clothes_colour]
    pen.fill(points((-0.3, 0.5), (0.3, 0.5), (0.34, 1.45), (-0.34, 1.45)), darker(skin, 0.24))
    wide = 1.16 if subject.noun == "woman" else 1.3
    ink = darker(cloth, 0.3) if luminance(cloth) > 0.25 else lighter(cloth, 0.25)
    body = _Body(skin, wide, scene.clothes_colour, cloth, ink)
    {
        "striped sweater": _sweater,
        "t-shirt": _t_shirt,
        "turtleneck": _turtleneck,
        "hoodie": _hoodie,
        "suit": _suit,
        "overalls": _overalls,
    }[scene.clothes](pen, body)


def _plain(pen: Pen, body: _Body, colour: RGB) -> None:
    pen.fill(body.shoulders([(-0.32, 1.16), (0.32, 1.16)], 0.82), colour)


def _sweater(pen: Pen, body: _Body) -> None:
    _plain(pen, body, body.cloth)
    band: RGB = _WHITE if body.name not in ("white", "yellow") else (60, 66, 92)
    for y in (1.5, 1.86, 2.22, 2.6):
        reach = body.wide * (0.93 if y < 1.6 else 1.06)
        pen.fill(box(-reach, y, reach, y + 0.16), band)
    pen.fill(ellipse(0, 1.2, 0.4, 0.13), body.ink)
    pen.fill(ellipse(0, 1.15, 0.31, 0.1), darker(body.skin, 0.2))


def _t_shirt(pen: Pen, body: _Body) -> None:
    _plain(pen, body, body.cloth)
    pen.fill(ellipse(0, 1.2, 0.42, 0.2), body.ink)
    pen.fill(ellipse(0, 1.17, 0.36, 0.17), body.skin)


def _turtleneck(pen: Pen, body: _Body) -> None:
    _plain(pen, body, body.cloth)
    pen.fill(smooth([(-0.36, 0.86), (0.36, 0.86), (0.44, 1.36), (-0.44, 1.36)]), body.cloth)
    pen.stroke(smooth([(-0.36, 1.1), (0, 1.16), (0.36, 1.1)], closed=False), 0.05, body.ink)


def _hoodie(pen: Pen, body: _Body) -> None:
    hood = [(-0.62, 1.0), (0, 0.86), (0.62, 1.0), (0.78, 1.46), (0, 1.7), (-0.78, 1.46)]
    pen.fill(smooth(hood), body.ink)
    throat = points((-0.27, 0.9), (0.27, 0.9), (0.3, 1.3), (0, 1.48), (-0.3, 1.3))
    pen.fill(throat, darker(body.skin, 0.2))
    pen.fill(body.shoulders([(-0.42, 1.24), (0, 1.62), (0.42, 1.24)], 0.86), body.cloth)
    for side in (-1, 1):
        pen.stroke(points((side * 0.2, 1.5), (side * 0.22, 1.92)), 0.06, _WHITE)


def _suit(pen: Pen, body: _Body) -> None:
    _plain(pen, body, body.cloth)
    pen.fill(points((-0.36, 1.1), (0.36, 1.1), (0.05, 2.2), (-0.05, 2.2)), (252, 252, 250))
    reddish = body.name in ("red", "pink", "orange")
    tie: RGB = (38, 52, 110) if reddish else (200, 40, 56)
    pen.fill(points((-0.09, 1.22), (0.09, 1.22), (0.14, 2.1), (-0.14, 2.1)), tie)
    for side in (-1, 1):
        pen.fill(points((side * 0.3, 1.08), (side * 0.56, 1.34), (side * 0.07, 2.2)), body.ink)


def _overalls(pen: Pen, body: _Body) -> None:
    _plain(pen, body, _WHITE if body.name != "white" else (120, 150, 190))
    pen.fill(ellipse(0, 1.18, 0.38, 0.15), body.skin)
    pen.fill(points((-0.6, 1.78), (0.6, 1.78), (0.74, 4.0), (-0.74, 4.0)), body.cloth)
    for side in (-1, 1):
        strap = points((0.44, 1.2), (0.68, 1.24), (0.6, 1.86), (0.38, 1.86))
        pen.fill(strap * (side, 1), body.cloth)
        pen.disc(side * 0.48, 1.86, 0.08, (252, 220, 110))
