"""Drawn pictures with the truth about the face in them, each fixed by a name.

Names are strings: whoever evaluates takes names that training never uses.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from local_aws.rekognition.drawn.identity import VISIBLE
from training.miniature.world import (
    Scene,
    Subject,
    draw_array,
    face_outline,
    random_scene,
    random_subject,
)
from training.miniature.world.backdrop import draw_backdrop
from training.miniature.world.pen import Pen
from training.miniature.world.render import SPAN
from training.miniature.world.scene import STYLES
from training.miniature.world.styles import light_up, restyle

SIDE = 128
Pixels = NDArray[np.uint8]  # height × width × 3, red-green-blue


@dataclass(frozen=True)
class Truth:
    """Where a face is: centre, upright width and height in pixels; tilt clockwise in radians."""

    x: float
    y: float
    width: float
    height: float
    tilt: float
    yaw: float  # −1 to 1, to the picture's right
    outline: NDArray[np.float64]

    @property
    def size(self) -> float:
        """Mean of width and height: nearly the same share of every head."""
        return (self.width + self.height) / 2

    @staticmethod
    def of(subject: Subject, scene: Scene, side: int) -> Truth:
        """The face of a drawn person in a picture of `side` pixels."""
        edge = face_outline(subject, scene) * side
        camera = scene.camera
        sign = -1.0 if camera.mirror else 1.0
        tilt = sign * 1.3 * camera.tilt  # the body leans by 0.3 of the head's own turn
        c, s = np.cos(tilt), np.sin(tilt)
        upright = edge @ np.array([[c, -s], [s, c]])
        low, high = upright.min(axis=0), upright.max(axis=0)
        centre = np.array([[c, s], [-s, c]]).T @ ((low + high) / 2)
        width, height = high - low
        return Truth(
            float(centre[0]), float(centre[1]), width, height, tilt, sign * camera.yaw, edge
        )


@dataclass(frozen=True)
class Portrait:
    """A drawn person and where the face is."""

    subject: Subject
    scene: Scene
    pixels: Pixels
    truth: Truth


def portrait(subject: Subject, scene: Scene, side: int = SIDE) -> Portrait:
    """Draw a person."""
    return Portrait(
        subject, scene, draw_array(subject, scene, side), Truth.of(subject, scene, side)
    )


def varied_scene(rng: random.Random, style: str | None = None) -> Scene:
    """A scene of the world, at times mirrored, leaning or turned further than it does itself."""
    scene = random_scene(rng, style or rng.choices(STYLES, (44, 14, 14, 14, 14))[0])
    camera = replace(scene.camera, mirror=rng.random() < 0.1)
    if rng.random() < 0.15:
        camera = replace(camera, tilt=rng.uniform(-0.5, 0.5))
    if rng.random() < 0.15:
        camera = replace(camera, yaw=rng.uniform(-1, 1))
    return replace(scene, camera=camera)


def family(name: str) -> tuple[Subject, Subject]:
    """Two persons of one noun, hair, cut, skin and beard; exact colours and all else differ."""
    rng = random.Random(f"family {name}")
    one = random_subject(rng, "person")
    other = random_subject(rng, "person")
    twin = random_subject(rng, "person")
    while twin.skin != one.skin or twin.hair != one.hair:
        twin = random_subject(rng, "person")
    return one, replace(
        other,
        noun=one.noun,
        hair=one.hair,
        hair_rgb=twin.hair_rgb,
        cut=one.cut,
        skin=one.skin,
        skin_rgb=twin.skin_rgb,
        beard=one.beard,
    )


def portraits_of(subject: Subject, name: str, count: int) -> Iterator[Portrait]:
    """`count` varied pictures of one person."""
    rng = random.Random(f"portraits {name}")
    for _ in range(count):
        yield portrait(subject, varied_scene(rng))


def visible(subject: Subject, scene: Scene) -> list[float]:
    """The truth of VISIBLE, 0 or 1; dark glasses cover the eyes."""
    dark = scene.glasses == "sunglasses"
    truth = {
        "Sunglasses": dark,
        "Eyeglasses": scene.glasses == "glasses",
        "EyesOpen": not dark and scene.expression != "winking",
        "Smile": scene.expression in ("smiling", "laughing", "winking"),
        "MouthOpen": scene.expression in ("laughing", "surprised"),
        "Beard": subject.beard == "beard",
        "Mustache": subject.beard != "none",
        "FaceOccluded": dark,
    }
    return [float(truth[name]) for name in VISIBLE]


def other_kind(name: str, side: int = SIDE) -> Pixels:
    """A pet or a thing; both have faces, neither is a person."""
    rng = random.Random(f"other kind {name}")
    subject = random_subject(rng, rng.choice(("pet", "pet", "object")))
    return draw_array(subject, varied_scene(rng), side)


def empty_place(name: str, side: int = SIDE) -> Pixels:
    """A backdrop in which nobody stands."""
    rng = random.Random(f"empty place {name}")
    scene = varied_scene(rng)
    canvas = Image.new("RGB", (2 * side, 2 * side))
    draw_backdrop(Pen(canvas, 2 * side / SPAN, (side, side)), scene)
    lit = light_up(np.asarray(canvas.reduce(2), dtype=np.float32), scene)
    return np.asarray(restyle(Image.fromarray(lit.astype(np.uint8)), scene))


def doodle(name: str, side: int = SIDE) -> Pixels:
    """Coloured shapes without meaning, many of them round and in pairs."""
    rng = random.Random(f"doodle {name}")
    canvas = Image.new("RGB", (side, side), _colour(rng))
    pen = ImageDraw.Draw(canvas)
    for _ in range(rng.randint(2, 14)):
        x, y = rng.uniform(0, side), rng.uniform(0, side)
        w, h = (side * rng.uniform(0.04, 0.4) for _ in range(2))
        colour = _colour(rng)
        if rng.random() < 0.4:
            pen.ellipse((x - w, y - h, x + w, y + h), fill=colour)
        elif rng.random() < 0.4:
            for shift in (-1.3, 1.3):
                r = 0.3 * min(w, h)
                pen.ellipse((x + (shift - 1) * r, y - r, x + (shift + 1) * r, y + r), fill=colour)
        elif rng.random() < 0.5:
            corners = [(x + rng.uniform(-w, w), y + rng.uniform(-h, h)) for _ in range(5)]
            pen.polygon(corners, fill=colour)
        else:
            pen.line((x, y, x + w, y + h), fill=colour, width=rng.randint(1, 8))
    return np.asarray(canvas)


def _colour(rng: random.Random) -> tuple[int, int, int]:
    return (rng.randrange(256), rng.randrange(256), rng.randrange(256))
