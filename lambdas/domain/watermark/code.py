"""From a number to the bits of the carrier, and from soft bits back to a number.

    40 bits number │ 24 bits tag of it, keyed  ──►  convolutional code, rate 1/6  ──►  420 bits

The tag makes the answer a proof: a word that was never embedded passes with a chance of 2^-24, and
only who has the key can make one that does. The code is the standard one of constraint length 7
with the generators 133, 171, 145 (octal), each twice, ended by six zeros; it is decoded by the
algorithm of Viterbi (IEEE Trans. Information Theory 13(2), 1967) on soft bits.
"""

from __future__ import annotations

import hmac
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lambdas.domain.marks import NUMBER_BITS

TAG_BITS = 24
WORD_BITS = NUMBER_BITS + TAG_BITS
_MEMORY = 6
_GENERATORS = (0o133, 0o171, 0o145, 0o133, 0o171, 0o145)
CODE_BITS = (WORD_BITS + _MEMORY) * len(_GENERATORS)
_STATES = 1 << _MEMORY

Soft = NDArray[np.float64]


def encode(number: int, key: bytes) -> NDArray[np.int8]:
    """The CODE_BITS signs (-1, 1) that stand for a number of NUMBER_BITS bits.

    Raises ValueError for a number that has more.
    """
    if not 0 <= number < 1 << NUMBER_BITS:
        raise ValueError(f"a watermark's number has {NUMBER_BITS} bits")
    word = (number << TAG_BITS) | _tag(number, key)
    bits = [(word >> shift) & 1 for shift in range(WORD_BITS - 1, -1, -1)] + [0] * _MEMORY
    signs = _outputs()
    state, out = 0, []
    for bit in bits:
        out.append(signs[state, bit])
        state = _next(state, bit)
    return np.concatenate(out)


def decode(soft: Soft, key: bytes) -> int | None:
    """The number in CODE_BITS soft bits (positive: 1), or None if the tag does not fit."""
    steps = soft.reshape(-1, len(_GENERATORS))
    states = np.arange(_STATES)
    # Into each state lead two: those whose newest bits are the state's older ones.
    before = np.stack([(states << 1) & (_STATES - 1), ((states << 1) & (_STATES - 1)) | 1])
    newest = states >> (_MEMORY - 1)
    signs = _outputs()[before, newest]  # [2, states, generators]
    score = np.full(_STATES, -np.inf)
    score[0] = 0.0
    came: list[NDArray[np.intp]] = []
    for step in steps:
        ways = score[before] + signs @ step
        best = np.argmax(ways, axis=0)
        came.append(best)
        score = ways[best, states]
    state, word = 0, 0
    for position in range(len(came) - 1, -1, -1):
        if position < WORD_BITS:
            word |= (state >> (_MEMORY - 1)) << (WORD_BITS - 1 - position)
        state = int(before[came[position][state], state])
    number, tag = word >> TAG_BITS, word & ((1 << TAG_BITS) - 1)
    return number if tag == _tag(number, key) else None


def _tag(number: int, key: bytes) -> int:
    digest = hmac.digest(key, b"tag" + number.to_bytes(NUMBER_BITS // 8, "big"), "sha256")
    return int.from_bytes(digest[: TAG_BITS // 8], "big")


def _next(state: int, bit: int) -> int:
    """A state is the last six bits, the newest in front."""
    return (bit << (_MEMORY - 1)) | (state >> 1)


@cache
def _outputs() -> NDArray[np.int8]:
    """[state, bit, generator] → sign."""
    table = np.empty((_STATES, 2, len(_GENERATORS)), np.int8)
    for state in range(_STATES):
        for bit in range(2):
            register = (bit << _MEMORY) | state
            parities = [(register & generator).bit_count() & 1 for generator in _GENERATORS]
            table[state, bit] = [1 if parity else -1 for parity in parities]
    return table
