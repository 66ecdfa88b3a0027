"""What embedding and detection both see of an image: its lines, after its own detail is evened out.

Luma minus its neighbourhood's mean, over its neighbourhood's deviation: edges of the picture, which
are no news about the mark, count no more than plain parts do, and the lines' noise is nearly white.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lambdas.domain.watermark.carrier import TILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lambdas.domain.watermark.carrier import Carrier

# ITU-R BT.601, as JPEG weighs red, green and blue.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_RADIUS = 4  # of the neighbourhood, in pixels
_FLOOR = 4.0  # grey levels: noise in plain parts is not blown up
_CLIP = 2.5


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[height, width], 0–255, of [height, width, 3]."""
    weighed: NDArray[np.float32] = rgb.astype(np.float32) @ _LUMA
    return weighed


def evened(plane: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The evened luma (about -2.5 to 2.5), and the deviations that it was divided by."""
    centred = plane - np.float32(128)
    detail = centred - _mean(centred)
    deviation = np.sqrt(np.maximum(_mean(detail * detail), 0)) + np.float32(_FLOOR)
    return np.clip(detail / deviation, -_CLIP, _CLIP), deviation


def lines(plane: NDArray[np.float32], carrier: Carrier, scale: float) -> NDArray[np.complex128]:
    """The carrier's lines in an evened plane whose tiles are `scale` x TILE pixels.

    Exact at any scale: two products with the waves of the lines, one for each axis.
    """
    height, width = plane.shape
    across, down = waves(carrier, width, scale), waves(carrier, height, scale)
    rows = plane @ across.real - 1j * (plane @ across.imag)  # [height, u]
    both = down.conj().T @ rows  # [v, u]
    found = both[carrier.v + carrier.span, carrier.u + carrier.span].astype(np.complex128)
    return found / np.complex128(height * width)


def pattern(
    coefficients: NDArray[np.complex128], carrier: Carrier, shape: tuple[int, int], scale: float
) -> NDArray[np.float32]:
    """The real image whose lines are these: the inverse of `lines`."""
    height, width = shape
    span = carrier.span
    table = np.zeros((2 * span + 1, 2 * span + 1), np.complex64)
    table[carrier.v + span, carrier.u + span] = coefficients
    rows = table @ waves(carrier, width, scale).T  # [v, width]
    down = waves(carrier, height, scale)
    image: NDArray[np.float32] = 2 * (down.real @ rows.real - down.imag @ rows.imag)
    return image


def waves(carrier: Carrier, pixels: int, scale: float) -> NDArray[np.complex64]:
    """[pixels, 2 span + 1]: e^(2πi f x) for f from -span to span cycles per tile.

    Counted from the image's edge, so that a resized copy has the same phases.
    """
    places = (np.arange(pixels) + 0.5) / (TILE * scale)
    frequencies = np.arange(-carrier.span, carrier.span + 1)
    return np.exp(2j * np.pi * np.outer(places, frequencies)).astype(np.complex64)


def _mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the square of 2 _RADIUS + 1 pixels around each, edges repeated."""
    size, share = 2 * _RADIUS + 1, np.float32(1 / (2 * _RADIUS + 1))
    down = np.cumsum(np.pad(plane, ((_RADIUS + 1, _RADIUS), (0, 0)), mode="edge"), axis=0)
    rows = (down[size:] - down[:-size]) * share
    along = np.cumsum(np.pad(rows, ((0, 0), (_RADIUS + 1, _RADIUS)), mode="edge"), axis=1)
    mean: NDArray[np.float32] = (along[:, size:] - along[:, :-size]) * share
    return mean
