"""LoRA on a linear layer with its arithmetic written out, in place of peft's forward.

At every call peft asks which adapters, dropouts, scales and variants there are, and autograd keeps
and undoes each intermediate: in a small model that takes longer than the matrices themselves.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora import Linear


class LoraLinear(Linear):  # type: ignore[misc]  # peft is untyped
    """Written out: the one adapter of a training, of scale 1 and without dropout.

    Where it is switched off or merged, peft's own forward remains.
    """

    _matrices: tuple[torch.nn.Parameter, torch.nn.Parameter] | None = None

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """x (…, in) to (…, out)."""
        if self._matrices is None:
            (name,) = self.lora_A
            self._matrices = self.lora_A[name].weight, self.lora_B[name].weight
        down, up = self._matrices
        if self.disable_adapters or self.merged:
            return super().forward(x, *args, **kwargs)  # type: ignore[no-any-return]
        base = self.base_layer
        result: torch.Tensor = _Written.apply(  # type: ignore[no-untyped-call]
            x, base.weight, base.bias, down, up
        )
        return result


class _Written(torch.autograd.Function):
    """y = x Wᵀ + b + (x Aᵀ) Bᵀ with W (out, in) and b frozen, A (rank, in), B (out, rank).

    A and B may be wider than W and x, as fp32 is beside bf16: then so is their part of the sum.
    Autograd would keep x in that width too, once for each layer that reads it.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
    ) -> torch.Tensor:
        rows = x.reshape(-1, x.shape[-1])
        low = rows.to(down.dtype).mm(down.t())
        out = torch.nn.functional.linear(rows, weight, bias).to(down.dtype).addmm_(low, up.t())
        ctx.save_for_backward(rows, low, weight, down, up)
        ctx.shape = x.shape
        return out.to(x.dtype).view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, low, weight, down, up = ctx.saved_tensors
        of_out = gradient.reshape(-1, gradient.shape[-1])
        wide = of_out.to(down.dtype)
        of_low = wide.mm(up)
        of_x = None
        if ctx.needs_input_grad[0]:
            sum_of_both = of_out.mm(weight).to(down.dtype).addmm_(of_low, down)
            of_x = sum_of_both.to(rows.dtype).view(ctx.shape)
        return of_x, None, None, of_low.t().mm(rows.to(down.dtype)), wide.t().mm(low)
