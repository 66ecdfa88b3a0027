"""Mugs and robots, with faces."""

from training.miniature.world.palette import RGB, darker, lighter, luminance
from training.miniature.world.pen import Pen, ellipse, points, smooth
from training.miniature.world.scene import Scene
from training.miniature.world.subject import Subject
from training.miniature.world.wear import Fit

_INK: RGB = (36, 28, 34)
_WHITE: RGB = (252, 252, 250)


def draw_thing(pen: Pen, subject: Subject, scene: Scene) -> Fit:
    """Draw body and head; says where hat and glasses sit."""
    return _mug(pen, subject, scene) if subject.noun == "mug" else _robot(pen, subject, scene)


def _mug(pen: Pen, subject: Subject, scene: Scene) -> Fit:
    body = subject.hair_rgb
    _table(pen)
    ring = ellipse(0.95, 0.3, 0.42, 0.46)
    pen.stroke(ring[[*range(len(ring)), 0, 1]], 0.2, darker(body, 0.14))
    pen.fill(
        smooth(
            [(-0.92, -0.8), (0.92, -0.8), (0.88, 1.0), (0.5, 1.24), (-0.5, 1.24), (-0.88, 1.0)],
            parts=8,
        ),
        body,
    )
    pen.fill(points((0.44, -0.6), (0.84, -0.7), (0.8, 1.0), (0.5, 1.18)), darker(body, 0.4), 60)
    pen.fill(ellipse(0, -0.74, 0.9, 0.2), lighter(body, 0.2))
    pen.fill(ellipse(0, -0.71, 0.78, 0.14), (96, 58, 38))
    if subject.marks.patch:
        pen.fill(
            points((-0.91, 0.75), (0.9, 0.75), (0.88, 0.95), (-0.89, 0.95)),
            lighter(body, 0.7) if luminance(body) < 0.7 else darker(body, 0.5),
        )
    _toy_face(pen, subject, scene, 0.12)
    return Fit(0.8, -0.86, 0.36, 0.12, 0.12 * scene.camera.yaw)


def _robot(pen: Pen, subject: Subject, scene: Scene) -> Fit:
    body = subject.hair_rgb
    steel: RGB = (176, 184, 196)
    pen.fill(points((-0.22, 0.8), (0.22, 0.8), (0.22, 1.4), (-0.22, 1.4)), steel)
    pen.fill(
        smooth([(-0.8, 1.24), (0.8, 1.24), (1.06, 1.6), (1.06, 4), (-1.06, 4), (-1.06, 1.6)]),
        darker(body, 0.14),
    )
    pen.fill(points((-0.42, 1.56), (0.42, 1.56), (0.42, 2.2), (-0.42, 2.2)), steel)
    for index, light in enumerate(((236, 72, 72), (250, 206, 80), (86, 196, 110))):
        pen.disc(-0.24 + 0.24 * index, 1.74, 0.085, light)
    for side in (-1, 1):
        pen.fill(ellipse(side * 0.98, 0.06, 0.16, 0.26 * subject.proportions.ears), steel)
    if scene.hat == "none":
        pen.stroke(points((0, -0.8), (0, -1.22)), 0.08, steel)
        pen.disc(0, -1.28, 0.14, (240, 70, 80))
    pen.fill(
        smooth(
            [
                (-0.86, -0.72),
                (0, -0.84),
                (0.86, -0.72),
                (0.96, 0.1),
                (0.84, 0.84),
                (0, 0.92),
                (-0.84, 0.84),
                (-0.96, 0.1),
            ]
        ),
        body,
    )
    pen.fill(smooth([(-0.7, -0.46), (0.7, -0.46), (0.72, 0.6), (-0.72, 0.6)]), (40, 46, 66))
    if subject.marks.patch:
        x = subject.marks.patch * 0.62
        pen.stroke(points((x, -0.76), (x * 0.8, -0.44)), 0.09, (120, 70, 50))
    _toy_face(pen, subject, scene, 0.0, glow=True)
    return Fit(0.84, -0.8, 0.36, 0.0, 0.12 * scene.camera.yaw)


def _toy_face(pen: Pen, subject: Subject, scene: Scene, y: float, glow: bool = False) -> None:
    shift = 0.12 * scene.camera.yaw
    ink: RGB = (
        (120, 240, 230)
        if glow
        else (30, 26, 36)
        if luminance(subject.hair_rgb) > 0.3
        else (244, 240, 232)
    )
    for side in (-1, 1):
        x = side * 0.36 * subject.proportions.eye_gap + shift
        r = 0.16 * subject.proportions.eye_size
        if scene.expression == "laughing" or (scene.expression == "winking" and side > 0):
            pen.stroke(
                smooth([(x - r, y + 0.03), (x, y - 0.12), (x + r, y + 0.03)], closed=False),
                0.07,
                ink,
            )
            continue
        tall = 1.3 if scene.expression == "surprised" else 1.0
        pen.fill(ellipse(x, y, r * 1.15, r * 1.15 * tall), _WHITE if not glow else ink)
        odd = subject.marks.odd_eye if side < 0 else None
        pen.disc(x, y, r * 0.84, odd or subject.eyes_rgb)
        pen.disc(x, y, r * 0.4, (16, 12, 20))
        if scene.expression in ("angry", "sad"):
            slope = 0.09 if scene.expression == "angry" else -0.09
            pen.stroke(
                points((x - side * 0.17, y - 0.27 + slope), (x + side * 0.17, y - 0.27 - slope)),
                0.08,
                ink,
            )
    if scene.expression == "surprised":
        pen.fill(ellipse(shift, y + 0.38, 0.1, 0.12), ink)
        return
    bend = {"sad": -0.1, "angry": -0.06, "calm": 0.01}.get(scene.expression, 0.12)
    pen.stroke(
        smooth(
            [
                (shift - 0.24, y + 0.36 - bend),
                (shift, y + 0.36 + bend),
                (shift + 0.24, y + 0.36 - bend),
            ],
            closed=False,
        ),
        0.075,
        ink,
    )


def _table(pen: Pen) -> None:
    pen.fill(points((-4, 1.1), (4, 1.1), (4, 4), (-4, 4)), (190, 140, 96))
    pen.fill(points((-4, 1.1), (4, 1.1), (4, 1.2), (-4, 1.2)), (214, 166, 120))
    pen.fill(ellipse(0.1, 1.28, 1.1, 0.13), (120, 80, 56), 120)
