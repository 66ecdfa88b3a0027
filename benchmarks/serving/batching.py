"""An experiment: several users' adapters in one batch of the UNet, by batched matrix products.

For each projection y = W x + B (A x), with A and B of the sample's own user: `torch.baddbmm` over
the batch (as in S-LoRA, arXiv:2311.03285, and Punica, arXiv:2310.18547, without their kernels).
Beside it, what the server does: one user after the other, each in the slot. Guidance doubles every
batch. A batch can only be as large as requests wait for the same size, steps and sampler.
"""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import nn

from benchmarks.serving.random_adapters import lora_shapes, random_tensors
from benchmarks.serving.served import base_of
from contract.adapter import TARGETS, UNET_PREFIX, AdapterManifest
from contract.base_model import BaseModel, Family
from inference.active_adapters import ActiveAdapters
from inference.adapter_layout import AdapterLayout
from inference.adapter_slot import AdapterSlot
from inference.adapter_tensors import AdapterTensors

_RANK, _SIDE, _STEPS = 8, 16, 4  # latents of 16×16: the miniature's 128 pixels
USERS = (1, 2, 4, 8)


class PerSample(nn.Module):
    """A projection with another LoRA for each sample of the batch; linear in what `given` holds."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.down: torch.Tensor | None = None  # (batch, in, rank)
        self.up: torch.Tensor | None = None  # (batch, rank, out)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, in) → (batch, tokens, out)."""
        made: torch.Tensor = self.base(given)
        if self.down is None or self.up is None:
            return made
        return torch.baddbmm(made, torch.bmm(given, self.down), self.up)


@torch.no_grad()
def measure(variant: str, turns: int) -> dict[str, Any]:
    """By number of users: seconds for all their images, one after the other and in one batch."""
    base = base_of(variant)
    unet, width = base.unet, base.unet.config.cross_attention_dim
    shapes = lora_shapes(unet, _RANK)
    users = [random_tensors(shapes, [], seed) for seed in range(max(USERS))]
    random = torch.Generator().manual_seed(1)
    channels = unet.config.in_channels
    latents = torch.randn(max(USERS), channels, _SIDE, _SIDE, generator=random)
    texts = torch.randn(2, max(USERS), 77, width, generator=random)
    slot, tensors = AdapterSlot(unet, ActiveAdapters(unet)), [_in_memory(user) for user in users]
    slot.put(tensors[0])

    def in_turn(count: int) -> list[torch.Tensor]:
        made = []
        for number in range(count):
            slot.put(tensors[number])
            pair = latents[number].expand(2, -1, -1, -1)
            for step in range(_STEPS):
                output = unet(pair, 900 - 100 * step, texts[:, number]).sample
            made.append(output)
        return made

    taken: dict[str, dict[int, list[float]]] = {"in turn": {}, "batched": {}}
    expected = in_turn(max(USERS))
    for count in USERS:
        taken["in turn"][count] = []
        for _ in range(turns):
            began = time.process_time(), time.perf_counter()
            in_turn(count)
            taken["in turn"][count].append(round(time.process_time() - began[0], 4))
    unet.unload_lora()
    layers = _replaced(unet)
    apart = 0.0
    for count in USERS:
        _lay(layers, users[:count])
        batch = latents[:count].repeat(2, 1, 1, 1)
        words = texts[:, :count].reshape(2 * count, 77, width)
        taken["batched"][count] = []
        for _ in range(turns):
            began = time.process_time(), time.perf_counter()
            for step in range(_STEPS):
                output = unet(batch, 900 - 100 * step, words).sample
            taken["batched"][count].append(round(time.process_time() - began[0], 4))
        pairs = output.view(2, count, *output.shape[1:])
        wanted = torch.stack(expected[:count], dim=1)
        apart = max(apart, float((pairs - wanted).abs().max() / wanted.abs().max()))
    return {"steps": _STEPS, "rank": _RANK, "cpu": taken, "apart": round(apart, 7)}


def _in_memory(user: dict[str, torch.Tensor]) -> AdapterTensors:
    lora = {name.removeprefix(UNET_PREFIX): tensor for name, tensor in user.items()}
    layout = AdapterLayout.of(lora)
    flat = torch.zeros(layout.length)
    for name, place in layout.views(flat).items():
        place.copy_(lora[name])
    base = BaseModel("miniature", "0" * 64, Family.SD)
    manifest = AdapterManifest(
        base, _RANK, TARGETS, "<subject>", "person", {}, {}, "0" * 64, flat.numel()
    )
    return AdapterTensors(manifest, layout, flat, ())


def _replaced(unet: nn.Module) -> dict[str, PerSample]:
    layers = {}
    endings = tuple(f".{target}" for target in TARGETS)
    for name, module in list(unet.named_modules()):
        if isinstance(module, nn.Linear) and name.endswith(endings):
            layers[name] = PerSample(module)
            parent, _, last = name.rpartition(".")
            setattr(unet.get_submodule(parent), last, layers[name])
    return layers


def _lay(layers: dict[str, PerSample], users: list[dict[str, torch.Tensor]]) -> None:
    """Each user's matrices once without and once with the text: guidance's two halves."""
    for name, layer in layers.items():
        down = torch.stack([user[f"{UNET_PREFIX}{name}.lora_A.weight"].T for user in users])
        up = torch.stack([user[f"{UNET_PREFIX}{name}.lora_B.weight"].T for user in users])
        layer.down, layer.up = down.repeat(2, 1, 1), up.repeat(2, 1, 1)
