"""Cats, dogs and rabbits."""

from training.miniature.world.palette import CLOTH, RGB, darker, lighter, luminance
from training.miniature.world.pen import Pen, ellipse, points, smooth
from training.miniature.world.scene import Scene
from training.miniature.world.subject import Subject
from training.miniature.world.wear import Fit

_INK: RGB = (36, 28, 34)
_WHITE: RGB = (252, 252, 250)


def draw_pet(pen: Pen, subject: Subject, scene: Scene) -> Fit:
    """Draw body and head; says where hat and glasses sit."""
    fur, noun = subject.hair_rgb, subject.noun
    dark = luminance(fur) < 0.3
    shade = lighter(fur, 0.14) if dark else darker(fur, 0.2)
    pale = lighter(fur, 0.5) if not dark else lighter(fur, 0.35)
    w = {"cat": 0.98, "dog": 0.86, "rabbit": 0.84}[noun] * subject.proportions.face_width
    shift = 0.14 * scene.camera.yaw
    pen.fill(
        smooth([(-0.5, 0.7), (0.5, 0.7), (0.95, 1.7), (1.0, 4), (-1.0, 4), (-0.95, 1.7)]), shade
    )
    pen.fill(
        smooth([(-0.3, 1.0), (0.3, 1.0), (0.42, 1.8), (0.4, 4), (-0.4, 4), (-0.42, 1.8)]), pale
    )
    collar = CLOTH[scene.clothes_colour]
    pen.fill(
        smooth([(-0.62, 0.94), (0, 1.14), (0.62, 0.94), (0.66, 1.14), (0, 1.36), (-0.66, 1.14)]),
        collar,
    )
    pen.disc(0, 1.36, 0.12, (250, 206, 80))
    size = subject.proportions.ears
    for side in (-1, 1):
        if noun == "cat":
            ear = points(
                (side * w * 0.95, -0.1), (side * w * 0.98, -1.05 * size), (side * w * 0.18, -0.72)
            )
            pen.fill(ear, fur)
            pen.fill(ear * 0.72 + (side * 0.17, -0.2), (240, 160, 160))
        elif noun == "rabbit":
            pen.fill(ellipse(side * 0.4, -1.2, 0.22, 0.72 * size, side * 0.16), fur)
            pen.fill(ellipse(side * 0.4, -1.18, 0.11, 0.52 * size, side * 0.16), (244, 170, 176))
    pen.fill(ellipse(0, 0.05, w, 0.86), fur)
    if subject.marks.patch:
        pen.fill(
            ellipse(subject.marks.patch * 0.42 + shift, -0.02, 0.36, 0.4),
            (250, 246, 240) if dark else (70, 54, 48),
        )
    if noun == "dog":
        for side in (-1, 1):
            pen.fill(
                smooth(
                    [
                        (side * w * 0.66, -0.74),
                        (side * (w + 0.2), -0.5),
                        (side * (w + 0.32), 0.3 * size),
                        (side * (w + 0.06), 0.55 * size),
                        (side * w * 0.82, -0.05),
                    ]
                ),
                shade,
            )
    pen.fill(ellipse(shift, 0.44, 0.46, 0.34), pale)
    nose: RGB = (40, 30, 34) if noun == "dog" else (224, 110, 124)
    if dark and noun == "dog":
        nose = (20, 16, 20)
    pen.fill(smooth([(shift - 0.14, 0.26), (shift + 0.14, 0.26), (shift, 0.42)]), nose)
    _animal_mouth(pen, scene, shift)
    if noun == "cat":
        for side in (-1, 1):
            for y in (0.38, 0.5):
                pen.stroke(
                    points((shift + side * 0.36, y), (shift + side * 1.0, y - 0.06 + (y - 0.44))),
                    0.03,
                    lighter(fur, 0.7) if dark else darker(fur, 0.5),
                )
    gap = 0.42 * subject.proportions.eye_gap
    _animal_eyes(pen, subject, scene, gap, shift)
    return Fit(w * 0.88, -0.86, gap, 0.0, shift)


def _animal_eyes(pen: Pen, subject: Subject, scene: Scene, gap: float, shift: float) -> None:
    r = 0.19 * subject.proportions.eye_size * (1.15 if scene.expression == "surprised" else 1.0)
    for side in (-1, 1):
        x = side * gap + shift
        if scene.expression in ("laughing", "winking") and (
            scene.expression == "laughing" or side > 0
        ):
            pen.stroke(smooth([(x - r, 0.02), (x, -0.1), (x + r, 0.02)], closed=False), 0.07, _INK)
            continue
        odd = subject.marks.odd_eye if side < 0 else None
        pen.disc(x, 0.0, r * 1.16, _INK)
        pen.disc(x, 0.0, r, odd or subject.eyes_rgb)
        pen.fill(
            ellipse(x, 0.0, r * (0.34 if subject.noun == "cat" else 0.55), r * 0.78), (14, 10, 18)
        )
        pen.disc(x + r * 0.3, -r * 0.35, r * 0.24, _WHITE)
        if scene.expression in ("angry", "sad"):
            slope = 0.1 if scene.expression == "angry" else -0.1
            pen.stroke(
                points((x - side * 0.18, -0.3 + slope), (x + side * 0.18, -0.3 - slope)), 0.08, _INK
            )


def _animal_mouth(pen: Pen, scene: Scene, x: float) -> None:
    if scene.expression in ("laughing", "surprised"):
        pen.fill(ellipse(x, 0.6, 0.14, 0.13), (140, 36, 48))
        pen.fill(ellipse(x, 0.66, 0.09, 0.06), (236, 110, 120))
        return
    bend = -0.1 if scene.expression in ("sad", "angry") else 0.1
    pen.stroke(points((x, 0.4), (x, 0.52)), 0.04, _INK)
    pen.stroke(
        smooth(
            [(x - 0.24, 0.54 - bend * 0.6), (x, 0.52 + bend), (x + 0.24, 0.54 - bend * 0.6)],
            closed=False,
        ),
        0.05,
        _INK,
    )
