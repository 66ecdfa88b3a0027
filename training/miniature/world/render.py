"""From subject and scene to pixels: compose the parts back to front, then light, style, mirror."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from training.miniature.world.backdrop import draw_backdrop
from training.miniature.world.face import (
    Head,
    draw_beard,
    draw_eyes,
    draw_marks,
    draw_mouth,
    draw_nose,
    draw_skull,
)
from training.miniature.world.garments import draw_body
from training.miniature.world.hair import draw_back_hair, draw_front_hair
from training.miniature.world.hats import draw_hat
from training.miniature.world.pen import Pen, Points, box
from training.miniature.world.pets import draw_pet
from training.miniature.world.scene import Scene
from training.miniature.world.styles import light_up, restyle
from training.miniature.world.subject import Subject
from training.miniature.world.things import draw_thing
from training.miniature.world.wear import Fit, draw_glasses

SPAN = 3.55
"""Head units from the picture's top to its bottom at zoom 1."""

_SMALLEST = 128
"""Smaller pictures are drawn and styled at this side and reduced, so that they look alike."""


def draw(subject: Subject, scene: Scene, side: int) -> Image.Image:
    """The picture of a subject in a scene, RGB, `side` pixels square; always the same one."""
    styled = max(side, _SMALLEST)
    oversample = 3 if side >= _SMALLEST else 2
    wide = styled * oversample
    canvas = Image.new("RGB", (wide, wide))
    draw_backdrop(Pen(canvas, wide / SPAN, (wide / 2, wide / 2)), scene)
    body, head = _pens(canvas, scene, wide)
    if subject.kind == "person":
        _person(body, head, subject, scene)
    else:
        draw_it = draw_pet if subject.kind == "pet" else draw_thing
        fit = draw_it(head, subject, scene)
        draw_glasses(head, scene, fit)
        draw_hat(head, scene, fit)
    small = canvas.reduce(oversample)
    lit = light_up(np.asarray(small, dtype=np.float32), scene)
    picture = restyle(Image.fromarray(lit.astype(np.uint8)), scene)
    if styled != side:
        picture = picture.resize((side, side), Image.Resampling.BOX)
    return ImageOps.mirror(picture) if scene.camera.mirror else picture


def face_outline(subject: Subject, scene: Scene) -> Points:
    """Where a person's face is drawn: its edge, shape (n, 2), in shares of the picture's side."""
    _, pen = _pens(Image.new("RGB", (1, 1)), scene, 1)
    return _mirrored(pen.place(Head.of(subject, scene).outline()), scene)


def feature_places(scene: Scene) -> tuple[Points, Points]:
    """Where a face is drawn from brows to chin, and in it the mouth: corners, shape (4, 2).

    In shares of the picture's side. A little generous: the same for people, pets and things.
    """
    _, pen = _pens(Image.new("RGB", (1, 1)), scene, 1)
    shift = 0.13 * scene.camera.yaw
    face = pen.place(box(shift - 0.68, -0.46, shift + 0.68, 0.92))
    mouth = pen.place(box(shift - 0.42, 0.40, shift + 0.42, 0.86))
    return _mirrored(face, scene), _mirrored(mouth, scene)


def _mirrored(places: Points, scene: Scene) -> Points:
    return np.array((1.0, 0.0)) + places * (-1.0, 1.0) if scene.camera.mirror else places


def _pens(canvas: Image.Image, scene: Scene, wide: int) -> tuple[Pen, Pen]:
    """What draws the body and what draws the head, on a picture of `wide` pixels."""
    camera, middle = scene.camera, wide / 2
    scale = wide / SPAN * camera.zoom
    # Close up the face is the subject, so it moves to the middle; from afar the body shows.
    lift = 0.26 / camera.zoom
    body = Pen(
        canvas,
        scale,
        (middle + camera.shift_x * scale, middle + (camera.shift_y + lift - 0.14) * scale),
    )
    body = body.turned(camera.tilt * 0.3, (0.0, 1.6))
    return body, body.turned(camera.tilt, (0.0, 1.1))


def draw_array(subject: Subject, scene: Scene, side: int) -> NDArray[np.uint8]:
    """`draw` as an array of shape (side, side, 3)."""
    return np.asarray(draw(subject, scene, side))


def _person(body: Pen, pen: Pen, subject: Subject, scene: Scene) -> None:
    head = Head.of(subject, scene)
    hatted = scene.hat != "none"
    draw_back_hair(pen, subject, head, hatted and scene.hat != "crown")
    draw_body(body, subject, scene)
    draw_skull(pen, subject, scene, head)
    draw_nose(pen, subject, head)
    draw_beard(pen, subject, head)
    draw_marks(pen, subject, head)
    draw_mouth(pen, subject, scene, head)
    draw_eyes(pen, subject, scene, head)
    draw_front_hair(pen, subject, head, hatted and scene.hat != "crown")
    eye_x = abs(head.at(0.37 * subject.proportions.eye_gap) - head.at(0.0))
    fit = Fit(head.width, -head.height, eye_x, 0.02 + subject.proportions.eye_height, head.at(0.0))
    draw_glasses(pen, scene, fit)
    draw_hat(pen, scene, fit)
