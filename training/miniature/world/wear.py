"""What a subject wears: clothes, glasses, hats. Hats and glasses fit pets and objects too."""

from dataclasses import dataclass

import numpy as np

from training.miniature.world.palette import CLOTH, RGB, darker, lighter, luminance
from training.miniature.world.pen import Pen, ellipse, points, smooth
from training.miniature.world.scene import Scene
from training.miniature.world.subject import Subject

_INK: RGB = (34, 28, 38)


@dataclass(frozen=True)
class Fit:
    """Where hats and glasses sit: half width and top of the skull, eye places and size."""

    width: float
    top: float
    eye_x: float
    eye_y: float
    shift: float = 0.0


def draw_body(pen: Pen, subject: Subject, scene: Scene) -> None:
    """Neck, shoulders and the garment."""
    skin, cloth = subject.skin_rgb, CLOTH[scene.clothes_colour]
    pen.fill(points((-0.3, 0.5), (0.3, 0.5), (0.34, 1.45), (-0.34, 1.45)), darker(skin, 0.24))
    wide = 1.16 if subject.noun == "woman" else 1.3
    shoulders = smooth(
        [
            (-0.32, 1.16),
            (0.32, 1.16),
            (wide * 0.82, 1.36),
            (wide + 0.06, 1.9),
            (wide + 0.1, 4.0),
            (-wide - 0.1, 4.0),
            (-wide - 0.06, 1.9),
            (-wide * 0.82, 1.36),
        ]
    )
    ink = darker(cloth, 0.3) if luminance(cloth) > 0.25 else lighter(cloth, 0.25)
    if scene.clothes == "striped sweater":
        pen.fill(shoulders, cloth)
        band: RGB = (
            (250, 248, 244) if scene.clothes_colour not in ("white", "yellow") else (60, 66, 92)
        )
        for y in (1.5, 1.86, 2.22, 2.6):
            reach = wide * (0.93 if y < 1.6 else 1.06)
            pen.fill(points((-reach, y), (reach, y), (reach, y + 0.16), (-reach, y + 0.16)), band)
        pen.fill(ellipse(0, 1.2, 0.4, 0.13), ink)
        pen.fill(ellipse(0, 1.15, 0.31, 0.1), darker(skin, 0.2))
    elif scene.clothes == "t-shirt":
        pen.fill(shoulders, cloth)
        pen.fill(ellipse(0, 1.2, 0.42, 0.2), ink)
        pen.fill(ellipse(0, 1.17, 0.36, 0.17), skin)
    elif scene.clothes == "turtleneck":
        pen.fill(shoulders, cloth)
        pen.fill(smooth([(-0.36, 0.86), (0.36, 0.86), (0.44, 1.36), (-0.44, 1.36)]), cloth)
        pen.stroke(smooth([(-0.36, 1.1), (0, 1.16), (0.36, 1.1)], closed=False), 0.05, ink)
    elif scene.clothes == "hoodie":
        pen.fill(
            smooth([(-0.62, 1.0), (0, 0.86), (0.62, 1.0), (0.78, 1.46), (0, 1.7), (-0.78, 1.46)]),
            ink,
        )
        pen.fill(
            points((-0.27, 0.9), (0.27, 0.9), (0.3, 1.3), (0, 1.48), (-0.3, 1.3)), darker(skin, 0.2)
        )
        pen.fill(
            np.concatenate(
                [
                    shoulders[:0],
                    smooth(
                        [
                            (-0.42, 1.24),
                            (0, 1.62),
                            (0.42, 1.24),
                            (wide * 0.86, 1.38),
                            (wide + 0.06, 1.9),
                            (wide + 0.1, 4.0),
                            (-wide - 0.1, 4.0),
                            (-wide - 0.06, 1.9),
                            (-wide * 0.86, 1.38),
                        ]
                    ),
                ]
            ),
            cloth,
        )
        for side in (-1, 1):
            pen.stroke(points((side * 0.2, 1.5), (side * 0.22, 1.92)), 0.06, (250, 250, 246))
    elif scene.clothes == "suit":
        pen.fill(shoulders, cloth)
        pen.fill(points((-0.36, 1.1), (0.36, 1.1), (0.05, 2.2), (-0.05, 2.2)), (252, 252, 250))
        tie: RGB = (
            (200, 40, 56)
            if scene.clothes_colour not in ("red", "pink", "orange")
            else (38, 52, 110)
        )
        pen.fill(points((-0.09, 1.22), (0.09, 1.22), (0.14, 2.1), (-0.14, 2.1)), tie)
        for side in (-1, 1):
            pen.fill(points((side * 0.3, 1.08), (side * 0.56, 1.34), (side * 0.07, 2.2)), ink)
    else:
        shirt: RGB = (250, 248, 240) if scene.clothes_colour != "white" else (120, 150, 190)
        pen.fill(shoulders, shirt)
        pen.fill(ellipse(0, 1.18, 0.38, 0.15), skin)
        pen.fill(points((-0.6, 1.78), (0.6, 1.78), (0.74, 4.0), (-0.74, 4.0)), cloth)
        for side in (-1, 1):
            pen.fill(
                points(
                    (side * 0.44, 1.2), (side * 0.68, 1.24), (side * 0.6, 1.86), (side * 0.38, 1.86)
                ),
                cloth,
            )
            pen.disc(side * 0.48, 1.86, 0.08, (252, 220, 110))


def draw_glasses(pen: Pen, scene: Scene, fit: Fit) -> None:
    """Clear round glasses, or dark ones that hide the eyes."""
    if scene.glasses == "none":
        return
    y, dark = fit.eye_y, scene.glasses == "sunglasses"
    pen.stroke(
        points((fit.shift - fit.eye_x, y - 0.05), (fit.shift + fit.eye_x, y - 0.05)), 0.07, _INK
    )
    for side in (-1, 1):
        x = fit.shift + side * fit.eye_x
        pen.stroke(points((x, y - 0.05), (side * (fit.width + 0.03), y - 0.02)), 0.06, _INK)
        if dark:
            lens = [
                (x - 0.3, y - 0.17),
                (x + 0.3, y - 0.17),
                (x + 0.25, y + 0.2),
                (x - 0.25, y + 0.2),
            ]
            pen.fill(smooth(lens), (22, 20, 30))
            pen.fill(
                points((x - 0.14, y - 0.12), (x - 0.02, y - 0.12), (x - 0.14, y + 0.1)),
                (120, 130, 160),
                150,
            )
        else:
            rim = ellipse(x, y, 0.31, 0.3)
            pen.stroke(np.concatenate([rim, rim[:2]]), 0.07, _INK)
            pen.fill(rim, (214, 236, 255), 50)


def draw_hat(pen: Pen, scene: Scene, fit: Fit) -> None:
    """The hat, over hair and forehead."""
    if scene.hat == "none":
        return
    cloth, w, top = CLOTH[scene.hat_colour], fit.width + 0.12, fit.top
    brow = top + 0.46
    shade = darker(cloth, 0.3) if luminance(cloth) > 0.25 else lighter(cloth, 0.28)
    if scene.hat == "cap":
        side = 1 if fit.shift >= 0 else -1
        pen.fill(
            smooth(
                [
                    (-w, brow),
                    (-w * 0.9, top - 0.05),
                    (0, top - 0.26),
                    (w * 0.9, top - 0.05),
                    (w, brow),
                ]
            ),
            cloth,
        )
        pen.fill(
            smooth(
                [
                    (-w * 0.7 * side, brow - 0.06),
                    (w * 0.9 * side, brow - 0.1),
                    (w * 1.55 * side, brow + 0.1),
                    (w * 0.8 * side, brow + 0.14),
                    (-w * 0.5 * side, brow + 0.06),
                ]
            ),
            shade,
        )
        pen.disc(0, top - 0.24, 0.08, shade)
    elif scene.hat == "top hat":
        pen.fill(
            points(
                (-w * 0.72, brow - 0.05),
                (-w * 0.8, top - 0.72),
                (w * 0.8, top - 0.72),
                (w * 0.72, brow - 0.05),
            ),
            cloth,
        )
        pen.fill(ellipse(0, top - 0.72, w * 0.8, 0.09), lighter(cloth, 0.16))
        pen.fill(
            points(
                (-w * 0.74, brow - 0.12),
                (-w * 0.75, brow - 0.34),
                (w * 0.75, brow - 0.34),
                (w * 0.74, brow - 0.12),
            ),
            shade,
        )
        pen.fill(ellipse(0, brow - 0.04, w * 1.4, 0.15), cloth)
    elif scene.hat == "beanie":
        pen.disc(0, top - 0.36, 0.2, lighter(cloth, 0.5))
        pen.fill(
            smooth(
                [
                    (-w, brow),
                    (-w * 0.88, top + 0.02),
                    (0, top - 0.3),
                    (w * 0.88, top + 0.02),
                    (w, brow),
                ]
            ),
            cloth,
        )
        pen.fill(
            points(
                (-w * 1.04, brow - 0.16),
                (w * 1.04, brow - 0.16),
                (w * 1.04, brow + 0.12),
                (-w * 1.04, brow + 0.12),
            ),
            shade,
        )
    elif scene.hat == "straw hat":
        pen.fill(ellipse(0, brow - 0.02, w * 1.62, 0.21), (222, 176, 92))
        pen.fill(
            smooth(
                [
                    (-w * 0.82, brow - 0.06),
                    (-w * 0.7, top - 0.1),
                    (0, top - 0.26),
                    (w * 0.7, top - 0.1),
                    (w * 0.82, brow - 0.06),
                ]
            ),
            (240, 202, 120),
        )
        pen.fill(
            points(
                (-w * 0.84, brow - 0.08),
                (-w * 0.82, brow - 0.26),
                (w * 0.82, brow - 0.26),
                (w * 0.84, brow - 0.08),
            ),
            cloth,
        )
    else:
        rim = [
            (-w * 0.82, brow),
            (-w * 0.95, top - 0.3),
            (-w * 0.45, top + 0.02),
            (0, top - 0.42),
            (w * 0.45, top + 0.02),
            (w * 0.95, top - 0.3),
            (w * 0.82, brow),
        ]
        pen.fill(np.array(rim), (250, 200, 60))
        pen.fill(
            points(
                (-w * 0.84, brow - 0.12),
                (w * 0.84, brow - 0.12),
                (w * 0.82, brow + 0.04),
                (-w * 0.82, brow + 0.04),
            ),
            (226, 164, 40),
        )
        for x in (-0.45, 0.0, 0.45):
            pen.disc(x * w, brow - 0.05, 0.09, cloth)
