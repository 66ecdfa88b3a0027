"""The networks of `local_aws.rekognition.drawn.network` in torch, and their way back to numpy."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as nnf

from local_aws.rekognition.drawn.network import Layer

Tensors = dict[str, NDArray[np.float16]]


class Block(nn.Module):
    """One layer: convolution, batch normalisation, rectifier."""

    def __init__(self, before: int, layer: Layer) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            before,
            layer.width,
            3,
            stride=layer.stride,
            padding=layer.dilation,
            dilation=layer.dilation,
            bias=False,
        )
        self.norm = nn.BatchNorm2d(layer.width)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """(n, before, height, width) to (n, layer.width, height', width')."""
        return nnf.relu(self.norm(self.convolution(values)))

    def folded(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Kernel (3, 3, in, out) and bias, with the normalisation of evaluation in them."""
        state = self.norm.state_dict()
        gain = state["weight"] / torch.sqrt(state["running_var"] + self.norm.eps)
        kernel = self.convolution.weight * gain[:, None, None, None]
        return kernel.permute(2, 3, 1, 0), state["bias"] - state["running_mean"] * gain


class Body(nn.Module):
    """The layers of a network, one after another."""

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        super().__init__()
        widths = (3, *(layer.width for layer in layers))
        blocks = [Block(width, layer) for width, layer in zip(widths, layers, strict=False)]
        self.blocks = nn.ModuleList(blocks)
        self._ordered = blocks

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Pictures (n, 3, side, side) to features."""
        for block in self._ordered:
            values = block(values)
        return values

    def tensors(self, name: str) -> Tensors:
        """The weights as the numpy network `name` reads them."""
        found: Tensors = {}
        for number, block in enumerate(self._ordered):
            kernel, bias = block.folded()
            found[f"{name}.{number}.kernel"] = half(kernel)
            found[f"{name}.{number}.bias"] = half(bias)
        return found


def linear(name: str, module: nn.Linear) -> Tensors:
    """A linear layer, its kernel as (in, out)."""
    return {f"{name}.kernel": half(module.weight.T), f"{name}.bias": half(module.bias)}


def half(tensor: torch.Tensor) -> NDArray[np.float16]:
    """Half precision: the weights stay under two megabytes."""
    return np.ascontiguousarray(tensor.detach().numpy().astype(np.float16))
