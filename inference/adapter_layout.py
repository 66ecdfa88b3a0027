"""Where an adapter's LoRA tensors lie in one buffer, so that a swap is a single copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch

# In elements: 64 bytes of bf16, which is how torch aligns a tensor of its own. Kernels may sum in
# another order where memory is aligned otherwise, and pictures are compared bit for bit.
_ALIGNMENT = 32


@dataclass(frozen=True)
class AdapterLayout:
    """Names and shapes in the buffer's order; layouts that are equal put a name at one place."""

    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, tensors: Mapping[str, torch.Tensor]) -> "AdapterLayout":
        """The layout of these tensors, whatever order they come in."""
        return cls(tuple((name, tuple(tensors[name].shape)) for name in sorted(tensors)))

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        starts = [0]
        for _, shape in self.shapes:
            starts.append(starts[-1] + -(-prod(shape) // _ALIGNMENT) * _ALIGNMENT)
        return tuple(starts)

    @property
    def length(self) -> int:
        """Elements of the buffer."""
        return self._starts[-1]

    def views(self, flat: torch.Tensor) -> dict[str, torch.Tensor]:
        """The tensors inside a buffer of shape (length,); writing to them writes to it."""
        return {
            name: flat[start : start + prod(shape)].view(shape)
            for (name, shape), start in zip(self.shapes, self._starts, strict=False)
        }
