"""A person's face: outline, ears, marks, nose, mouth, beard, eyes and brows, back to front."""

from dataclasses import dataclass

import numpy as np

from training.miniature.world.palette import RGB, darker, lighter, luminance, mix
from training.miniature.world.pen import Pen, Points, ellipse, points, smooth
from training.miniature.world.scene import Scene
from training.miniature.world.subject import Subject

_SHAPES = {  # half width, half height, squareness, taper towards the chin
    "oval": (0.80, 1.00, 2.1, 0.12),
    "round": (0.92, 0.92, 2.0, 0.00),
    "long": (0.71, 1.10, 2.2, 0.08),
    "square": (0.83, 0.96, 3.2, 0.02),
    "heart": (0.89, 1.00, 2.1, 0.36),
}
_INK: RGB = (40, 28, 36)
_WHITE: RGB = (252, 252, 250)


@dataclass(frozen=True)
class Head:
    """Measures that the parts of one head share, in head units."""

    width: float
    height: float
    squareness: float
    taper: float
    yaw: float

    @staticmethod
    def of(subject: Subject, scene: Scene) -> "Head":
        """The head of a person in a scene."""
        width, height, squareness, taper = _SHAPES[subject.face]
        wide = width * subject.proportions.face_width
        return Head(wide, height, squareness, taper, scene.camera.yaw)

    def outline(self, grow: float = 0.0, count: int = 44) -> Points:
        """The face's edge, `grow` head units outside of it, from the right ear clockwise."""
        t = np.linspace(0, 2 * np.pi, count, endpoint=False)
        c, s = np.cos(t), np.sin(t)
        power = 2 / self.squareness
        x = (self.width + grow) * np.sign(c) * np.abs(c) ** power
        y = (self.height + grow) * np.sign(s) * np.abs(s) ** power
        x = x * (1 - self.taper * np.clip(y / self.height, 0, 1) ** 2)
        return np.stack([x, y], axis=1)

    def at(self, x: float) -> float:
        """Where a feature at `x` of a frontal face is seen when the head turns."""
        return x * (1 - 0.09 * abs(self.yaw)) + 0.13 * self.yaw


def draw_skull(pen: Pen, subject: Subject, scene: Scene, head: Head) -> None:
    """Ears, face, and the shade on the side away from the light."""
    skin = subject.skin_rgb
    size = subject.proportions.ears
    for side in (-1, 1):
        x = side * (head.width + 0.02) - 0.07 * head.yaw
        pen.fill(ellipse(x, 0.1, 0.13 * size, 0.2 * size), darker(skin, 0.1))
        pen.fill(ellipse(x, 0.11, 0.06 * size, 0.11 * size), darker(skin, 0.3))
        if subject.noun == "woman":
            pen.disc(x, 0.1 + 0.24 * size, 0.055, (250, 208, 90))
    edge = head.outline()
    pen.fill(edge, skin)
    away = -scene.light_from
    half = edge[edge[:, 0] * away >= -1e-6]
    half = half[np.argsort(half[:, 1])]
    inner = half[::-1] * (0.70, 1.0) + (away * 0.03, 0)
    pen.fill(np.concatenate([half, inner]), darker(skin, 0.5), 60)
    for side in (-1, 1):
        pen.fill(ellipse(head.at(side * 0.47), 0.36, 0.17, 0.11), (238, 84, 84), 46)


def draw_marks(pen: Pen, subject: Subject, head: Head) -> None:
    """What no caption names: freckles, a mole, a scar."""
    marks, skin = subject.marks, subject.skin_rgb
    spot = mix(skin, (120, 50, 20), 0.55) if luminance(skin) > 0.35 else darker(skin, 0.5)
    for x, y in marks.freckles:
        pen.disc(head.at(x), y, 0.036, spot)
    if marks.mole:
        pen.disc(head.at(marks.mole[0]), marks.mole[1], 0.062, (58, 30, 26))
    if marks.scar:
        x, y, angle = marks.scar
        along = np.array([np.sin(angle), np.cos(angle)]) * 0.22
        across = np.array([along[1], -along[0]])
        middle = np.array([head.at(x), y])
        cut: RGB = (188, 44, 54) if luminance(skin) > 0.35 else (236, 130, 120)
        pen.stroke(np.stack([middle - along, middle + along]), 0.075, cut)
        for step in (-0.45, 0.45):
            centre = middle + along * step
            pen.stroke(np.stack([centre - across * 0.4, centre + across * 0.4]), 0.05, cut)


def draw_nose(pen: Pen, subject: Subject, head: Head) -> None:
    """A soft wedge with a light ridge; its length and width are the subject's own."""
    size, tip = subject.proportions.nose, head.at(0.0) + 0.07 * head.yaw
    shade = darker(subject.skin_rgb, 0.3)
    top = head.at(0.0)
    pen.fill(
        smooth([(top, 0.12), (tip + 0.13 * size, 0.36), (tip, 0.41), (tip - 0.13 * size, 0.36)]),
        shade,
        150,
    )
    pen.fill(ellipse(tip - 0.02, 0.31, 0.05 * size, 0.07), lighter(subject.skin_rgb, 0.4), 120)


def draw_mouth(pen: Pen, subject: Subject, scene: Scene, head: Head) -> None:
    """The mouth of each expression."""
    x, y, w = head.at(0.0), 0.62, 0.29 * subject.proportions.mouth
    lip = mix(subject.skin_rgb, (176, 22, 48), 0.85 if subject.noun == "woman" else 0.62)
    mood = scene.expression
    if mood == "laughing":
        mouth = smooth([(x - w, y - 0.09), (x, y - 0.06), (x + w, y - 0.09), (x, y + 0.22)])
        pen.fill(mouth * (1, 1), (112, 20, 34))
        pen.fill(
            points(
                (x - w * 0.8, y - 0.08),
                (x + w * 0.8, y - 0.08),
                (x + w * 0.6, y + 0.02),
                (x - w * 0.6, y + 0.02),
            ),
            _WHITE,
        )
        pen.fill(ellipse(x, y + 0.13, w * 0.42, 0.05), (226, 92, 96))
    elif mood == "surprised":
        pen.fill(ellipse(x, y + 0.04, w * 0.52, 0.17), lip)
        pen.fill(ellipse(x, y + 0.04, w * 0.34, 0.12), (92, 16, 30))
    else:
        bend = {"smiling": 0.13, "winking": 0.12, "sad": -0.12, "angry": -0.03, "calm": 0.02}[mood]
        across = np.linspace(-1, 1, 11)
        curve = np.stack([x + w * across, y + bend - 2 * bend * across**2], axis=1)
        pen.stroke(curve, 0.085, lip)


def draw_beard(pen: Pen, subject: Subject, head: Head) -> None:
    """A full beard along the jaw, or a moustache under the nose. Drawn before the mouth."""
    colour, x = subject.hair_rgb, head.at(0.0)
    if subject.beard == "beard":
        outer = head.outline(0.07)
        outer = outer[(outer[:, 1] > 0.18)]
        left, right = outer[:, 0].min(), outer[:, 0].max()
        inner = [
            (left * 0.80, 0.24),
            (x - 0.38, 0.46),
            (x, 0.42),
            (x + 0.38, 0.46),
            (right * 0.80, 0.24),
        ]
        pen.fill(np.concatenate([outer, smooth(inner, closed=False)]), colour)
    if subject.beard != "none":
        pen.fill(
            smooth(
                [
                    (x, 0.44),
                    (x + 0.2, 0.43),
                    (x + 0.4, 0.58),
                    (x + 0.14, 0.54),
                    (x, 0.51),
                    (x - 0.14, 0.54),
                    (x - 0.4, 0.58),
                    (x - 0.2, 0.43),
                ]
            ),
            darker(colour, 0.12) if luminance(colour) > 0.3 else lighter(colour, 0.08),
        )


def draw_eyes(pen: Pen, subject: Subject, scene: Scene, head: Head) -> None:
    """Eyes and brows. An odd eye, where the subject has one, is the one on the left."""
    shape, mood = subject.proportions, scene.expression
    brow = (
        darker(subject.hair_rgb, 0.3) if subject.cut != "bald" else darker(subject.skin_rgb, 0.55)
    )
    size = 0.20 * shape.eye_size * (1.18 if mood == "surprised" else 1.0)
    y = 0.02 + shape.eye_height
    for side in (-1, 1):
        x = head.at(side * 0.37 * shape.eye_gap)
        far = 1 - 0.16 * max(0.0, side * head.yaw)
        if mood == "winking" and side == scene.light_from:
            arc = smooth([(x - size, y + 0.02), (x, y + 0.1), (x + size, y + 0.02)], closed=False)
            pen.stroke(arc, 0.075, _INK)
        else:
            tall = 0.62 if mood == "laughing" else 1.08 if mood != "angry" else 0.8
            _eye(pen, x, y, (size * far, size * tall), subject, side, head.yaw)
        raised = {"surprised": -0.16, "angry": 0.06, "sad": -0.02}.get(mood, -0.03)
        slope = {"angry": 0.11, "sad": -0.1}.get(mood, -0.02)
        inner, outer = x - side * 0.2, x + side * 0.23
        top = y - 0.34 + raised
        pen.stroke(
            smooth(
                [(inner, top + slope), (x, top - 0.05), (outer, top - slope + 0.03)], closed=False
            ),
            0.085 * shape.brow,
            brow,
        )


def _eye(
    pen: Pen,
    x: float,
    y: float,
    radii: tuple[float, float],
    subject: Subject,
    side: int,
    yaw: float,
) -> None:
    rx, ry = radii
    colour = subject.marks.odd_eye if subject.marks.odd_eye and side < 0 else subject.eyes_rgb
    pen.fill(ellipse(x, y - 0.035, rx * 1.12, ry * 1.12), _INK)
    pen.fill(ellipse(x, y, rx, ry), _WHITE)
    look, r = x + 0.05 * yaw, min(rx, ry * 1.05)
    pen.disc(look, y, r * 0.80, colour)
    pen.disc(look, y, r * 0.36, (16, 12, 20))
    pen.disc(look + r * 0.3, y - r * 0.32, r * 0.2, _WHITE)
    if subject.noun == "woman":
        lash = smooth(
            [(x + side * rx * 0.7, y - ry * 0.75), (x + side * (rx + 0.13), y - ry - 0.02)], False
        )
        pen.stroke(lash, 0.06, _INK)
