"""The sizes that a base model draws well, and how a request names one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

Size = tuple[int, int]

# Width over height.
ASPECTS = {
    "square": 1.0,
    "fullscreen": 4 / 3,
    "widescreen": 16 / 9,
    "ultrawide": 21 / 9,
    "mobile_landscape": 3 / 2,
    "mobile_portrait": 2 / 3,
    "tall": 9 / 16,
}
# SDXL's sizes keep the pixel count near one million and so miss the named ratios by up to 4 %.
_TOLERANCE = 0.05


def size_of_aspect(aspect: str, sizes: Sequence[Size]) -> Size | None:
    """The size whose shape is nearest to a named aspect; None if none is near."""

    nearest = _nearest(ASPECTS[aspect], sizes)
    return nearest if _distance(nearest, ASPECTS[aspect]) <= _TOLERANCE else None


def nearest_shape(picture: Size, sizes: Sequence[Size]) -> Size:
    """The size whose shape is nearest to a picture's."""
    return _nearest(picture[0] / picture[1], sizes)


def sizes_with(width: int | None, height: int | None, sizes: Sequence[Size]) -> list[Size]:
    """The sizes that agree with whatever of width and height is given."""
    return [
        size
        for size in sizes
        if (width is None or size[0] == width) and (height is None or size[1] == height)
    ]


def _nearest(ratio: float, sizes: Sequence[Size]) -> Size:
    return min(sizes, key=lambda size: _distance(size, ratio))


def _distance(size: Size, ratio: float) -> float:
    return abs(math.log(size[0] / size[1] / ratio))
