"""LoRA layers as they are served: a base layer, and the LoRAs that are on.

peft's own `forward` is made for training: at each call it looks at what is active, merged and to be
cast, applies a dropout that is none and multiplies by a scale of 1. A layer whose LoRAs are all off
pays for it as well, and the few-step adapter alone wraps most of the UNet. The sums here are the
same ones in the same order, so pictures are equal bit for bit.
"""

from collections.abc import Sequence
from typing import Any

import torch
from peft.tuners.lora import LoraLayer


def lay_lean(layer: LoraLayer, names: Sequence[str]) -> None:
    """Let the layer answer with these of its LoRAs, all of scale 1 and of the base's format.

    Holds until it is laid anew: whoever adds or removes a LoRA of the layer does that.
    """
    base = layer.base_layer.forward
    # The modules' own forward: nobody hooks into layers in here.
    pairs = [
        (layer.lora_A[name].forward, layer.lora_B[name].forward)
        for name in names
        if name in layer.lora_A
    ]

    def forward(given: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        made: torch.Tensor = base(given, *rest, **named)
        for down, up in pairs:
            made += up(down(given))
        return made

    layer.forward = forward if pairs else base
