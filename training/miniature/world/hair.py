"""Haircuts: what lies behind the head, and what lies over the forehead."""

import math

import numpy as np

from training.miniature.world.face import Head
from training.miniature.world.palette import RGB, darker, lighter, luminance
from training.miniature.world.pen import Pen, Points, ellipse, points, smooth
from training.miniature.world.subject import Subject


def draw_back_hair(pen: Pen, subject: Subject, head: Head, hatted: bool) -> None:
    """Hair behind neck and face."""
    cut, w, h = subject.cut, head.width, head.height
    colour = darker(subject.hair_rgb, 0.16)
    if cut == "long":
        pen.fill(
            smooth(
                [
                    (0, -h - 0.2),
                    (w + 0.2, -0.75),
                    (w + 0.27, 0.3),
                    (w + 0.36, 1.5),
                    (0, 1.72),
                    (-w - 0.36, 1.5),
                    (-w - 0.27, 0.3),
                    (-w - 0.2, -0.75),
                ]
            ),
            colour,
        )
    elif cut == "bob":
        pen.fill(
            smooth(
                [
                    (0, -h - 0.2),
                    (w + 0.18, -0.75),
                    (w + 0.3, 0.2),
                    (w + 0.26, 0.92),
                    (w * 0.5, 0.98),
                    (-w * 0.5, 0.98),
                    (-w - 0.26, 0.92),
                    (-w - 0.3, 0.2),
                    (-w - 0.18, -0.75),
                ]
            ),
            colour,
        )
    elif cut == "afro":
        for turn in np.linspace(0, 2 * math.pi, 14, endpoint=False):
            y = math.sin(turn) * 0.92 - 0.38
            if not hatted or y > -1.0:
                pen.disc(math.cos(turn) * (w + 0.22), y, 0.34, colour)
        pen.fill(ellipse(0, -0.38, w + 0.3, 0.7 if hatted else 1.02), colour)
    elif cut == "curly":
        for turn in np.linspace(math.pi * 0.9, math.pi * 2.1, 11):
            pen.disc(math.cos(turn) * (w + 0.08), math.sin(turn) * h * 0.92 - 0.08, 0.25, colour)
    elif cut == "pigtails":
        for side in (-1, 1):
            x = side * (w + 0.2)
            pen.fill(
                smooth(
                    [
                        (x, -0.32),
                        (x + side * 0.36, -0.1),
                        (x + side * 0.34, 0.6),
                        (x + side * 0.08, 0.95),
                        (x - side * 0.06, 0.4),
                    ]
                ),
                colour,
            )
            pen.disc(x - side * 0.02, -0.24, 0.12, (232, 72, 110))
    elif cut == "bun" and not hatted:
        pen.disc(0, -h - 0.3, 0.36, colour)
        pen.fill(ellipse(0.05, -h - 0.38, 0.2, 0.16), lighter(subject.hair_rgb, 0.12))


def draw_front_hair(pen: Pen, subject: Subject, head: Head, hatted: bool) -> None:
    """Hair over the skull and forehead."""
    cut, colour = subject.cut, subject.hair_rgb
    w, h = head.width, head.height
    if cut == "bald":
        if not hatted:
            pen.fill(
                ellipse(-0.26, -h * 0.72, 0.2, 0.09, -0.4), lighter(subject.skin_rgb, 0.6), 130
            )
        return
    if cut == "mohawk":
        pen.fill(_cap(head, 0.015, -0.52, 0.0), darker(subject.skin_rgb, 0.35), 70)
        if not hatted:
            _mohawk(pen, h, colour)
        return
    if cut == "curly":
        for turn in np.linspace(math.pi * 1.02, math.pi * 1.98, 9):
            pen.disc(math.cos(turn) * w * 0.86, math.sin(turn) * h * 0.62 - 0.3, 0.27, colour)
        pen.fill(_cap(head, 0.1, -0.62, 0.04), colour)
        for step in range(7):
            turn = math.pi * (1.1 + 0.13 * step)
            pen.disc(
                math.cos(turn) * w * 0.7, math.sin(turn) * h * 0.62 - 0.38, 0.1, _shine(colour)
            )
        return
    if cut == "spiky" and not hatted:
        _spikes(pen, w, h, colour)
    fringe = {"bob": -0.34, "afro": -0.52, "bun": -0.6, "pigtails": -0.42, "long": -0.56}.get(
        cut, -0.5
    )
    pen.fill(_cap(head, 0.1 if cut != "bun" else 0.06, fringe, _sweep(cut)), colour)
    if cut in ("long", "bob"):
        for side in (-1, 1):
            low = 0.62 if cut == "long" else 0.5
            x = side * (w + 0.05)
            pen.fill(
                smooth(
                    [
                        (side * w * 0.72, -0.78),
                        (x + side * 0.13, -0.5),
                        (x + side * 0.17, low),
                        (x, low + 0.12),
                        (side * w * 0.9, 0.02),
                    ]
                ),
                colour,
            )
    if cut == "pigtails":
        pen.stroke(points((0, -h - 0.09), (0, -0.62)), 0.05, darker(colour, 0.3))
    if cut not in ("afro", "spiky") and not hatted:
        arc = smooth(
            [(-w * 0.62, -h * 0.66), (-w * 0.25, -h * 0.92), (w * 0.12, -h * 0.96)], closed=False
        )
        pen.stroke(arc, 0.09, _shine(colour))


def _shine(colour: RGB) -> RGB:
    return lighter(colour, 0.34 if luminance(colour) > 0.25 else 0.22)


def _sweep(cut: str) -> float:
    return {"short": 0.16, "long": -0.2, "spiky": 0.05, "bun": -0.1}.get(cut, 0.0)


def _cap(head: Head, grow: float, fringe: float, sweep: float) -> Points:
    """Skull cap to the temples; `fringe` is the height of its lower edge, `sweep` the slant."""
    edge = head.outline(grow)
    edge = edge[edge[:, 1] < fringe + 0.42]
    edge = edge[np.argsort(np.arctan2(edge[:, 1] + 0.2, edge[:, 0]))]
    upper = edge[(edge[:, 1] < -0.15)]
    upper = upper[np.argsort(upper[:, 0])]
    left, right = upper[0], upper[-1]
    shift = 0.1 * head.yaw
    hem = smooth(
        [
            (float(right[0]), float(right[1])),
            (head.width * 0.72 + shift, fringe + 0.1 - sweep * 0.6),
            (0.1 + shift + sweep, fringe - abs(sweep) * 0.6),
            (-head.width * 0.72 + shift, fringe + 0.1 + sweep * 0.6),
            (float(left[0]), float(left[1])),
        ],
        closed=False,
    )
    return np.concatenate([upper, hem])


def _mohawk(pen: Pen, h: float, colour: RGB) -> None:
    crest = [(-0.24, -h * 0.6)]
    for index, x in enumerate((-0.26, -0.17, -0.08, 0.0, 0.08, 0.17, 0.26)):
        crest.append((x, -h - (0.52 if index % 2 else 0.24) + abs(x) * 0.5))
    crest.append((0.24, -h * 0.6))
    pen.fill(np.array(crest), colour)
    pen.fill(points((-0.05, -h * 0.7), (0, -h - 0.34), (0.05, -h * 0.7)), _shine(colour))


def _spikes(pen: Pen, w: float, h: float, colour: RGB) -> None:
    rim: list[tuple[float, float]] = []
    for index, turn in enumerate(np.linspace(math.pi * 1.0, math.pi * 2.0, 15)):
        reach = 0.36 if index % 2 else 0.04
        rim.append((math.cos(turn) * (w + reach), math.sin(turn) * (h + reach) - 0.18))
    pen.fill(np.array(rim), colour)
