"""Finding the mark without the original, whatever was done to scale and frame.

    1. as it was made      the scales that pictures are marked at, from the frame's corner
    2. resized             the same corner, any scale
    3. cut out, and resized   any corner, any scale

The pilot tells scale and corner; the data are then read there. All decisions are made on phases
alone. The key draws the phases of the pilot, so for a picture without the mark, whatever it shows,
the angles between its lines and the pilot's are independent and uniform, and the mean of the N
cosines exceeds t with a chance of at most exp(-N t²) (Chernoff: the moment generating function of a
uniform phase's cosine is the Bessel function I0(x) <= exp(x²/4)). Over all M places that were
looked at: at most M times that. A number is told only if its keyed tag fits: for a picture without
the mark `MOST_READINGS` times 2^-24 at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from lambdas.domain.watermark.carrier import TILE, carrier
from lambdas.domain.watermark.code import TAG_BITS, decode
from lambdas.domain.watermark.spectrum import evened, lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lambdas.domain.watermark.carrier import Carrier

    Plane = NDArray[np.float32]
    Lines = NDArray[np.complex128]

# As in embedding.STRENGTHS.
MADE_AT = (1.0, 0.625, 0.45)
_SMALLEST, _LARGEST = 0.3, 2.2  # scales that are searched
_PLACES = 64  # corners, on either axis of a tile
_SEARCHED = 1024  # pixels on either axis, from the middle, that the search looks at
_CANDIDATES = 4  # of each kind, that are read
MOST_READINGS = 2 * len(MADE_AT) + 2 * _CANDIDATES
# From which chance of a false alarm on the pilot counts as found.
PILOT_FALSE_ALARM = 1e-6
NUMBER_FALSE_ALARM = MOST_READINGS * 2.0**-TAG_BITS


@dataclass(frozen=True)
class Detection:
    """`number`: what was embedded, if it could be read. `false_alarm`: the chance, at most, that
    a picture without the mark shows a pilot as clear as this."""

    number: int | None
    false_alarm: float

    @property
    def is_marked(self) -> bool:
        """Whether the mark is there, even if its number cannot be read."""
        return self.number is not None or self.false_alarm < PILOT_FALSE_ALARM


@dataclass(frozen=True)
class _Found:
    """A place where the pilot may be: scale and corner (in tiles), and how clear it is there."""

    score: float
    scale: float
    corner: tuple[float, float] | None = None


def detect(plane: Plane, key: bytes) -> Detection:
    """The mark in a picture's luma (see `spectrum.luma`)."""
    even = evened(plane)[0]
    carried = carrier(key)
    clearest, looked_at = -1.0, 0
    for made in MADE_AT:
        seen = _phases(lines(even, carried, made))
        found, places = _corners(seen, carried, made)
        looked_at += places
        for place in found:
            clearest = max(clearest, place.score)
            if (number := _read(seen, carried, place, key)) is not None:
                return Detection(number, _bound(place.score, 1, carried))
    candidates, places = _search(even, carried)
    looked_at += places
    for place in candidates:
        clearest = max(clearest, place.score)
        seen = _phases(lines(even, carried, place.scale))
        if (number := _read(seen, carried, place, key)) is not None:
            return Detection(number, _bound(place.score, looked_at, carried))
    return Detection(None, _bound(clearest, looked_at, carried))


def number_at(plane: Plane, key: bytes, scale: float) -> int | None:
    """The number of a picture that nothing was done to since it was marked at that scale."""
    carried = carrier(key)
    seen = _phases(lines(evened(plane)[0], carried, scale))
    return _read(seen, carried, _Found(1.0, scale), key)


def _phases(seen: Lines) -> Lines:
    return seen / np.maximum(np.abs(seen), 1e-12)


def _bound(score: float, places: int, carried: Carrier) -> float:
    return min(1.0, places * exp(-len(carried.pilot) * max(score, 0.0) ** 2))


def _read(seen: Lines, carried: Carrier, place: _Found, key: bytes) -> int | None:
    if place.corner is not None:
        x, y = place.corner
        seen = seen * np.exp(2j * np.pi * (carried.u * x + carried.v * y))
    return decode(carried.soft_bits(seen), key)


def _corners(seen: Lines, carried: Carrier, scale: float) -> tuple[list[_Found], int]:
    """The frame's own corner, and the one where the pilot is clearest."""
    turned = seen[carried.data_lines :] * carried.pilot.conj()
    scores = _over_corners(turned[None], carried)[0]
    y, x = np.unravel_index(int(np.argmax(scores)), scores.shape)
    best = _Found(float(scores[y, x]), scale, (int(x) / _PLACES, int(y) / _PLACES))
    return [_Found(float(scores[0, 0]), scale), best], scores.size


def _over_corners(turned: Lines, carried: Carrier) -> NDArray[np.float64]:
    """[scales, y, x]: the mean cosine of each [scales, pilot line], for every corner."""
    u, v = carried.u[carried.data_lines :], carried.v[carried.data_lines :]
    table = np.zeros((len(turned), _PLACES, _PLACES), np.complex64)
    table[:, v % _PLACES, u % _PLACES] = turned
    scores: NDArray[np.float64] = np.fft.ifft2(table).real * (_PLACES**2 / len(u))
    return scores


def _search(even: Plane, carried: Carrier) -> tuple[list[_Found], int]:
    """The places where the pilot is clearest, and how many were looked at."""
    spectrum = _Spectrum(even)
    # A step moves the fastest line by a third of what a picture of this size can tell apart.
    step = 0.3 * TILE / (carried.span * max(spectrum.shape))
    scales = np.exp(np.arange(np.log(_SMALLEST), np.log(_LARGEST), step))
    at_corner: list[_Found] = []
    anywhere: list[_Found] = []
    pilot = slice(carried.data_lines, None)
    for part in np.array_split(scales, max(1, len(scales) // 64)):
        across = carried.u[pilot] / (TILE * part[:, None])
        down = carried.v[pilot] / (TILE * part[:, None])
        turned = _phases(spectrum.at(across, down)) * carried.pilot.conj()
        scores = _over_corners(turned, carried)
        for each, scale in zip(scores, part, strict=True):
            y, x = np.unravel_index(int(np.argmax(each)), each.shape)
            place = (int(x) / _PLACES, int(y) / _PLACES)
            at_corner.append(_Found(float(each[0, 0]), float(scale)))
            anywhere.append(_Found(float(each[y, x]), float(scale), place))
    best = [
        place
        for kind in (at_corner, anywhere)
        for place in sorted(kind, key=lambda found: -found.score)[:_CANDIDATES]
    ]
    return best, len(scales) * _PLACES**2


class _Spectrum:
    """A plane's middle, as a function of frequency in cycles per pixel of the whole plane."""

    def __init__(self, even: Plane) -> None:
        top, left = (max(0, (side - _SEARCHED) // 2) for side in even.shape)
        middle = even[top : top + _SEARCHED, left : left + _SEARCHED]
        self.shape = middle.shape
        # Twice as fine as the picture tells apart, so that it can be interpolated.
        self._size = [2 * side for side in middle.shape]
        # Around the middle, phases hardly change from one frequency to the next.
        self._middle = [(side - 1) / 2 for side in middle.shape]
        self._offset = (top + 0.5, left + 0.5)
        self._values = np.fft.fft2(middle.astype(np.complex64), s=self._size)

    def at(self, across: NDArray[np.float64], down: NDArray[np.float64]) -> Lines:
        """The lines at these frequencies, phases counted from the whole plane's corner."""
        y, x = down * self._size[0], across * self._size[1]
        y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
        total = np.zeros(across.shape, complex)
        for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
            row, column = y0 + dy, x0 + dx
            value = self._values[row % self._size[0], column % self._size[1]]
            turn = self._middle[0] * row / self._size[0] + self._middle[1] * column / self._size[1]
            weight = (1 - np.abs(y - row)) * (1 - np.abs(x - column))
            total += weight * value * np.exp(2j * np.pi * turn)
        places = (self._middle[0] + self._offset[0], self._middle[1] + self._offset[1])
        turned: Lines = total * np.exp(-2j * np.pi * (down * places[0] + across * places[1]))
        return turned
