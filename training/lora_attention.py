"""Attention whose projections of the same input are one product, adapters included.

Queries, keys and values read the same picture, keys and values the same text. diffusers projects
them one by one and asks at every call for what its UNets have not.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch.nn import functional as nnf

from training.lora_linear import LoraLinear, lora_product


def join_projections(denoiser: torch.nn.Module) -> None:
    """Let every attention that carries LoRA on all of its projections compute them jointly.

    The frozen weights move into joint tensors, and become views of them: none is kept twice. So
    this comes once the denoiser is on its device and in its precision.
    """
    if not isinstance(denoiser, UNet2DConditionModel):
        return
    for module in denoiser.modules():
        if isinstance(module, Attention) and _is_plain(module):
            module.set_processor(_JointProjections(module))


def _is_plain(attention: Attention) -> bool:
    layers = (attention.to_q, attention.to_k, attention.to_v, attention.to_out[0])
    return (
        all(isinstance(layer, LoraLinear) for layer in layers)
        and all(layer.base_layer.bias is None for layer in layers[:3])
        and attention.spatial_norm is attention.group_norm is None
        and attention.norm_q is attention.norm_k is None
        and not attention.norm_cross
        and not attention.residual_connection
        and attention.rescale_output_factor == 1
        and attention.to_out[1].p == 0
    )


class _JointProjections(AttnProcessor2_0):  # type: ignore[misc]  # diffusers is untyped
    """Where the adapter is off, or a mask is given, diffusers' own way remains."""

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        layers = [attention.to_q, attention.to_k, attention.to_v]
        self._apart = layers[:1] if attention.is_cross_attention else []
        self._joint = layers[len(self._apart) :]
        self._weight = _joined(self._joint)
        self._downs, self._ups = zip(*(layer.matrices for layer in self._joint), strict=True)
        self._heads: int = attention.heads

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """(n, places, width), and texts (n, tokens, width) if any, to (n, places, width)."""
        of_another = encoder_hidden_states is not None and not self._apart
        if attention_mask is not None or of_another or not self._joint[0].is_tuned:
            stock: torch.Tensor = super().__call__(
                attn, hidden_states, encoder_hidden_states, attention_mask, temb
            )
            return stock
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        read = lora_product(source, self._weight, None, self._downs, self._ups)
        by_head = read.view(*read.shape[:2], len(self._joint), self._heads, -1).unbind(2)
        asked = [layer(hidden_states) for layer in self._apart]
        asked = [each.view(*each.shape[:2], self._heads, -1) for each in asked]
        query, key, value = (part.transpose(1, 2) for part in (*asked, *by_head))
        seen = nnf.scaled_dot_product_attention(query, key, value)
        out: torch.Tensor = attn.to_out[0](seen.transpose(1, 2).flatten(2))
        return out


# Attention.forward reads it at every call; built anew each time it costs as much as a product.
_JointProjections.__call__.__signature__ = inspect.signature(_JointProjections.__call__)  # type: ignore[attr-defined]


def _joined(layers: Sequence[LoraLinear]) -> torch.Tensor:
    weights = [layer.base_layer.weight.detach() for layer in layers]
    joint = torch.cat(weights)
    parts = joint.split_with_sizes([len(weight) for weight in weights])
    for layer, part in zip(layers, parts, strict=True):
        layer.base_layer.weight.data = part
    return joint
