"""LoRA on linear layers with its arithmetic written out, in place of peft's forward.

At every call peft asks which adapters, dropouts, scales and variants there are, and autograd keeps
and undoes each intermediate: in a small model that takes longer than the matrices themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from peft.tuners.lora import Linear


class LoraLinear(Linear):  # type: ignore[misc]  # peft is untyped
    """Written out: the one adapter of a training, of scale 1 and without dropout.

    Where it is switched off or merged, peft's own forward remains.
    """

    _matrices: tuple[torch.nn.Parameter, torch.nn.Parameter] | None = None

    @property
    def is_tuned(self) -> bool:
        """Whether the adapter adds to what the base says."""
        return not (self.disable_adapters or self.merged)

    @property
    def matrices(self) -> tuple[torch.nn.Parameter, torch.nn.Parameter]:
        """The adapter's A (rank, in) and B (out, rank)."""
        if self._matrices is None:
            (name,) = self.lora_A
            self._matrices = self.lora_A[name].weight, self.lora_B[name].weight
        return self._matrices

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """x (…, in) to (…, out)."""
        if not self.is_tuned:
            return super().forward(x, *args, **kwargs)  # type: ignore[no-any-return]
        base, (down, up) = self.base_layer, self.matrices
        return lora_product(x, base.weight, base.bias, [down], [up])


def lora_product(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    downs: Sequence[torch.Tensor],
    ups: Sequence[torch.Tensor],
) -> torch.Tensor:
    """x (…, in) through layers that read the same input: their results side by side, (…, out).

    `weight` (out, in) holds the frozen layers one under the other; `downs` each layer's A (rank,
    in), `ups` its B (own out, rank). A and B may be wider than the rest, as fp32 is beside bf16:
    then so is their part of the sum.
    """
    result: torch.Tensor = _Product.apply(x, weight, bias, *downs, *ups)  # type: ignore[no-untyped-call]
    return result


class _Product(torch.autograd.Function):
    """y = x Wᵀ + b + (x Aᵀ) Bᵀ, layer by layer in the last product alone.

    Autograd would keep x in the adapter's width too, once for each layer that reads it.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        *matrices: torch.Tensor,
    ) -> torch.Tensor:
        layers = len(matrices) // 2
        downs, ups = matrices[:layers], matrices[layers:]
        down = downs[0] if layers == 1 else torch.cat(downs)
        rows = x.reshape(-1, x.shape[-1])
        low = rows.to(down.dtype).mm(down.t())
        out = torch.nn.functional.linear(rows, weight, bias).to(down.dtype)
        for part, of_part, up in zip(*_parts(out, low, ups), ups, strict=True):
            part.addmm_(of_part, up.t())
        ctx.save_for_backward(rows, low, weight, down, *ups)
        ctx.shape = x.shape
        return out.to(x.dtype).view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, low, weight, down, *ups = ctx.saved_tensors
        of_out = gradient.reshape(-1, gradient.shape[-1])
        wide = of_out.to(down.dtype)
        of_ups, of_lows = [], []
        for part, of_part, up in zip(*_parts(wide, low, ups), ups, strict=True):
            of_lows.append(part.mm(up))
            of_ups.append(part.t().mm(of_part))
        of_low = of_lows[0] if len(ups) == 1 else torch.cat(of_lows, dim=1)
        of_x = None
        if ctx.needs_input_grad[0]:
            sum_of_both = of_out.mm(weight).to(down.dtype).addmm_(of_low, down)
            of_x = sum_of_both.to(rows.dtype).view(ctx.shape)
        of_down = of_low.t().mm(rows.to(down.dtype))
        ranks = [up.shape[1] for up in ups]
        return of_x, None, None, *of_down.split_with_sizes(ranks), *of_ups


def _parts(
    out: torch.Tensor, low: torch.Tensor, ups: Sequence[torch.Tensor]
) -> tuple[Sequence[torch.Tensor], Sequence[torch.Tensor]]:
    """Each layer's columns of the results and of the low-rank products."""
    if len(ups) == 1:
        return [out], [low]
    widths, ranks = zip(*(up.shape for up in ups), strict=True)
    return out.split_with_sizes(widths, 1), low.split_with_sizes(ranks, 1)
