"""Small convolutional networks in numpy alone, so that the embedded AWS never loads torch.

A network is a tuple of layers, given once here; `local_aws.rekognition.learning` trains the same
tuple in torch and writes the weights with batch normalisation folded in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Floats = NDArray[np.float32]
Tensors = Mapping[str, Floats]
WEIGHTS = Path(__file__).parent / "weights.safetensors"


@dataclass(frozen=True)
class Layer:
    """A 3 × 3 convolution, zero-padded, followed by a rectifier."""

    width: int
    stride: int = 1
    dilation: int = 1


# 96 × 96 pixels in; one cell of the 12 × 12 map sees nearly the whole picture.
FINDER = (
    Layer(16, stride=2),
    Layer(32, stride=2),
    Layer(32),
    Layer(48, stride=2),
    Layer(64),
    Layer(64, dilation=2),
    Layer(64, dilation=2),
    Layer(64),
)
# 64 × 64 pixels in, 4 × 4 × 128 out.
IDENTITY = (
    Layer(32, stride=2),
    Layer(48, stride=2),
    Layer(64),
    Layer(96, stride=2),
    Layer(96),
    Layer(128, stride=2),
)


@cache
def weights() -> Tensors:
    """Every tensor of both networks, in single precision; read once."""
    return {name: tensor.astype(np.float32) for name, tensor in load_file(WEIGHTS).items()}


def standardised(picture: NDArray[np.uint8]) -> Floats:
    """Pixels (height, width, 3), 0–255, as the networks take them: −1 to 1."""
    scaled: Floats = picture.astype(np.float32) / np.float32(127.5) - np.float32(1)
    return scaled


def features(tensors: Tensors, name: str, layers: tuple[Layer, ...], picture: Floats) -> Floats:
    """Run the layers of network `name` over a picture (height, width, 3): (height', width', n)."""
    values = picture
    for number, layer in enumerate(layers):
        kernel, bias = tensors[f"{name}.{number}.kernel"], tensors[f"{name}.{number}.bias"]
        values = np.maximum(_convolved(values, kernel, layer) + bias, 0)
    return values


def dense(tensors: Tensors, name: str, values: Floats) -> Floats:
    """The linear map `name` over the last axis."""
    mapped: Floats = values @ tensors[f"{name}.kernel"] + tensors[f"{name}.bias"]
    return mapped


def _convolved(values: Floats, kernel: Floats, layer: Layer) -> Floats:
    """Sum over the nine taps of shifted pictures; `kernel` has shape (3, 3, in, out)."""
    reach, stride = layer.dilation, layer.stride
    height, width = values.shape[0], values.shape[1]
    padded = np.pad(values, ((reach, reach), (reach, reach), (0, 0)))
    total: Any = 0
    for row in range(3):
        for column in range(3):
            top, left = row * reach, column * reach
            seen = padded[top : top + height : stride, left : left + width : stride]
            total = total + seen @ kernel[row, column]
    return np.asarray(total, np.float32)
