"""The pattern: a square of TILE pixels, repeated over the image, whose spectrum the key has chosen.

Everything that carries is a line in the image's spectrum, at a whole number of cycles per tile
(u across, v down). A translation only turns the phases of such lines, and a change of scale only
moves them: that is what makes the mark findable in a crop or a resized copy (Kutter, "Watermarking
resisting to translation, rotation, and scaling", SPIE 3528, 1998). The band leaves out the slow
waves, where pictures are strongest, and the fast ones, which JPEG and a halving take away.

Lines of the pilot have phases that the key draws, and tell where and how large a tile is. Each line
of the data carries two bits of the code, in its real and its imaginary part, under signs that the
key draws too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lambdas.domain.watermark.code import CODE_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 64
_SLOWEST, _FASTEST = 3.0, 15.0
# JPEG's blocks, and the steps of image models' decoders, repeat every eight pixels.
_BLOCK = 8


@dataclass(frozen=True)
class Carrier:
    """The lines, data first; `u`, `v` in cycles per tile; unit phasors for the pilot's lines.

    `signs` [2, data lines]: under which the code's bits stand in real and imaginary parts.
    """

    u: NDArray[np.int64]
    v: NDArray[np.int64]
    pilot: NDArray[np.complex128]
    signs: NDArray[np.float64]

    @property
    def span(self) -> int:
        """The highest frequency, in cycles per tile, on either axis."""
        return int(_FASTEST)

    @property
    def data_lines(self) -> int:
        """How many of the lines carry data."""
        return int(self.signs.shape[1])

    def targets(self, bits: NDArray[np.int8]) -> NDArray[np.complex128]:
        """Of each line a unit phasor: one of four corners for data, the pilot's own for it."""
        corners = bits.reshape(2, -1) * self.signs
        data = (corners[0] + 1j * corners[1]) / np.sqrt(2)
        return np.concatenate([data, self.pilot])

    def soft_bits(self, lines: NDArray[np.complex128]) -> NDArray[np.float64]:
        """The code's bits in the data lines, positive for 1."""
        data = lines[: self.data_lines]
        return (np.stack([data.real, data.imag]) * self.signs).ravel()


def carrier(key: bytes) -> Carrier:
    """The carrier of a key (any bytes; the longer the better)."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(b"carrier" + key).digest(), "big"))
    lines = _band()
    rng.shuffle(lines)
    data = CODE_BITS // 2
    # The half plane has a bit more than enough: what is left is the pilot's.
    pilot = np.exp(2j * np.pi * rng.random(len(lines) - data))
    signs = rng.choice([-1.0, 1.0], size=(2, data))
    return Carrier(lines[:, 0], lines[:, 1], pilot, signs)


def _band() -> NDArray[np.int64]:
    """The lines of the upper half plane: the others are their conjugates."""
    span = int(_FASTEST)
    return np.array(
        [
            (u, v)
            for v in range(1, span + 1)
            for u in range(-span, span + 1)
            if u != 0  # edges that stand upright or lie are on the axes
            and _SLOWEST <= np.hypot(u, v) <= _FASTEST
            and (u % _BLOCK or v % _BLOCK)
        ]
    )
