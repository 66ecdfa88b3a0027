"""What can be measured of a picture without asking anyone.

The perceptual hash is the signs of a picture's lowest frequencies (Zauner, "Implementation and
Benchmarking of Perceptual Image Hash Functions", 2010, the DCT variant). Measured on the twelve
photos of the demo and on scikit-image's pictures (`tests/unit/lambdas/domain/test_measuring.py`):
saved again, resized, brightened or turned by a degree, a picture stays within 8 of the 63 bits; two
crops of one portrait are 12 and more apart.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from typing import TYPE_CHECKING

from PIL import Image, ImageFilter, ImageStat

if TYPE_CHECKING:
    from lambdas.ports import Face

_SIDE = 32  # of the picture that is hashed
_FREQUENCIES = 8
_COSINES = tuple(
    tuple(math.cos(math.pi * (2 * x + 1) * u / (2 * _SIDE)) for x in range(_SIDE))
    for u in range(_FREQUENCIES)
)
_MEASURED_SIDE = 512
_LAPLACIAN = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
_HUES = 8
# Below that saturation (0–255) a colour is a grey: its hue is noise.
_GREY = 40


def opened(jpeg: bytes) -> Image.Image:
    """A kept photo at a size to measure: RGB, at most 512 pixels a side."""
    image = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
    image.draft("RGB", (_MEASURED_SIDE, _MEASURED_SIDE))
    picture = image.convert("RGB")
    picture.thumbnail((_MEASURED_SIDE, _MEASURED_SIDE), Image.Resampling.BOX)
    return picture


def perceptual_hash(picture: Image.Image) -> int:
    """63 bits: whether each low frequency is above the median of all (the mean is left out)."""
    pixels = picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX).tobytes()
    rows = [
        [sum(map(_product, row, cosine)) for cosine in _COSINES]
        for row in (pixels[y : y + _SIDE] for y in range(0, _SIDE * _SIDE, _SIDE))
    ]
    columns = list(zip(*rows, strict=True))
    spectrum = [sum(map(_product, column, cosine)) for cosine in _COSINES for column in columns][1:]
    median = sorted(spectrum)[len(spectrum) // 2]
    return sum((value > median) << place for place, value in enumerate(spectrum))


def _product(one: float, other: float) -> float:
    return one * other


def brightness(picture: Image.Image) -> float:
    """Mean luminance, 0–100."""
    return ImageStat.Stat(picture.convert("L")).mean[0] / 2.55


def sharpness(picture: Image.Image) -> float:
    """0–100, logarithmic in the variance of the Laplacian (Pech-Pacheco et al., 2000)."""
    edges = picture.convert("L").filter(_LAPLACIAN)
    width, height = edges.size
    inner = edges.crop((1, 1, width - 1, height - 1))  # the filter copies the border as it was
    return min(100.0, 25 * math.log10(1 + ImageStat.Stat(inner).var[0]))


def background(picture: Image.Image, face: Face | None) -> tuple[int, ...]:
    """Shares (0–100) of eight hues, of bright and of dark greys, behind the subject.

    Hues hardly depend on the light, and mirroring changes nothing: two photos before one wall are
    alike. Left out: the face, as much again around it, and everything below, where the body is;
    without a face, the middle.
    """
    small = picture.resize((_SIDE, _SIDE), Image.Resampling.BOX).convert("HSV").tobytes()
    counts: Counter[int] = Counter()
    for place in range(_SIDE * _SIDE):
        if _hidden((place % _SIDE + 0.5) / _SIDE, (place // _SIDE + 0.5) / _SIDE, face):
            continue
        hue, saturation, value = small[3 * place : 3 * place + 3]
        grey = saturation < _GREY or value < _GREY
        counts[_HUES + (value < 128) if grey else hue * _HUES // 256] += 1
    total = max(1, counts.total())
    return tuple(round(100 * counts[each] / total) for each in range(_HUES + 2))


def _hidden(x: float, y: float, face: Face | None) -> bool:
    if face is None:
        return 0.25 < x < 0.75 and 0.25 < y < 0.75
    beside = abs(x - face.left - face.width / 2)
    if y < face.top - face.height / 2:
        return False
    # Shoulders are about three heads wide.
    return beside < face.width * (1.0 if y < face.top + face.height else 1.6)
