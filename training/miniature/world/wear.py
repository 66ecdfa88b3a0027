"""Where hats and glasses sit on a person, pet or thing; and the glasses."""

from dataclasses import dataclass

import numpy as np

from training.miniature.world.palette import RGB
from training.miniature.world.pen import Pen, ellipse, points, smooth
from training.miniature.world.scene import Scene

_INK: RGB = (34, 28, 38)


@dataclass(frozen=True)
class Fit:
    """Where hats and glasses sit: half width and top of the skull, eye places and size."""

    width: float
    top: float
    eye_x: float
    eye_y: float
    shift: float = 0.0


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
