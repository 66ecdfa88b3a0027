"""Drawing in head units: every shape is a polygon that the camera moves, turns and scales."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.miniature.world.palette import RGB

Points = NDArray[np.float64]
"""Shape (n, 2): x to the right, y down."""

_TURN = np.linspace(0, 2 * math.pi, 32, endpoint=False)
_CIRCLE: Points = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def points(*pairs: tuple[float, float]) -> Points:
    """A polygon from its corners."""
    return np.array(pairs, dtype=np.float64)


def box(left: float, top: float, right: float, bottom: float) -> Points:
    """An upright rectangle."""
    return points((left, top), (right, top), (right, bottom), (left, bottom))


def ellipse(x: float, y: float, rx: float, ry: float, angle: float = 0.0) -> Points:
    """A closed ellipse round (x, y), turned by `angle` radians."""
    shape = _CIRCLE * (rx, ry)
    if angle:
        c, s = math.cos(angle), math.sin(angle)
        shape = shape @ np.array([[c, s], [-s, c]])
    centred: Points = shape + np.array((x, y))
    return centred


def smooth(corners: Sequence[tuple[float, float]], closed: bool = True, parts: int = 6) -> Points:
    """A Catmull–Rom curve through the corners, `parts` points for each of them."""
    given = np.array(corners, dtype=np.float64)
    ends = (given[-1:], given[:2]) if closed else (given[:1], given[-1:])
    padded = np.concatenate([ends[0], given, ends[1]])
    count = len(given) if closed else len(given) - 1
    t = (np.arange(parts) / parts)[None, :, None]
    a, b, c, d = (padded[i : i + count, None, :] for i in range(4))
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, given[-1:]])


class Pen:
    """Draws filled shapes and lines on a square RGB picture through one affine map."""

    def __init__(self, image: Image.Image, scale: float, origin: tuple[float, float]) -> None:
        """`scale`: pixels per head unit; `origin`: the pixel of head point (0, 0)."""
        self.image = image
        self.scale = scale
        self._draw = ImageDraw.Draw(image, "RGBA")
        self._matrix = np.eye(2) * scale
        self._origin = np.array(origin, dtype=np.float64)

    def turned(self, angle: float, pivot: tuple[float, float]) -> "Pen":
        """A pen on the same picture, its world turned by `angle` radians round `pivot`."""
        other = Pen.__new__(Pen)
        other.image, other.scale, other._draw = self.image, self.scale, self._draw
        c, s = math.cos(angle), math.sin(angle)
        turn = np.array([[c, s], [-s, c]])
        other._matrix = turn @ self._matrix
        about = np.array(pivot)
        other._origin = self._origin + about @ self._matrix - about @ other._matrix
        return other

    def place(self, shape: Points) -> Points:
        """Where points in head units fall on the picture, in pixels."""
        placed: Points = shape @ self._matrix + self._origin
        return placed

    def fill(self, shape: Points, colour: RGB, alpha: int = 255) -> None:
        """A filled polygon; `alpha` 0–255."""
        pixels = self.place(shape)
        self._draw.polygon(pixels.ravel().tolist(), fill=(*colour, alpha))

    def disc(self, x: float, y: float, r: float, colour: RGB, alpha: int = 255) -> None:
        """A filled circle."""
        self.fill(ellipse(x, y, r, r), colour, alpha)

    def stroke(self, curve: Points, width: float, colour: RGB, alpha: int = 255) -> None:
        """A line of `width` head units through the points, with round ends."""
        pixels = self.place(curve)
        wide = max(1, round(width * self.scale))
        self._draw.line(pixels.ravel().tolist(), fill=(*colour, alpha), width=wide, joint="curve")
        if alpha == 255:
            for x, y in (pixels[0], pixels[-1]):
                r = wide / 2
                self._draw.ellipse((x - r, y - r, x + r, y + r), fill=(*colour, alpha))
