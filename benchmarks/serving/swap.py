"""Warm swaps: our slot beside `load_lora_weights` and `unload_lora_weights` of stock diffusers.

Two subjects on the same UNet, in one process, sides in turn. Stock reads a file that is in the page
cache, as its users do, and once more gets the tensors from memory, which is the best that it can be
given. Ours is measured from the host tier, and from disk with all its checks; `first` is the very
first swap, which makes the slot. Times are the clock's and the processor's own: on a shared machine
a swap of a millisecond may wait for its turn much longer than it takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save

from benchmarks.serving.random_adapters import lora_shapes, random_adapter
from benchmarks.serving.served import WORK, base_of
from contract.adapter import ADAPTER_FILE, UNET_PREFIX
from contract.base_model import BaseModel, Family
from inference.active_adapters import ActiveAdapters
from inference.adapter_cache import CachedAdapter
from inference.adapter_slot import AdapterSlot
from inference.adapter_tensors import read_adapter

RANK = 16
# Two subjects take turns: a swap to what is there already would be none.
_SUBJECTS = 2
_HOST_SWAPS = 8  # in each turn: they are short
SIDES = ("first", "host", "disk", "stock_file", "stock_memory")
_CROSS = "CrossAttnDownBlock2D"
_CROSS_UP = "CrossAttnUpBlock2D"
# The published configurations of the two UNets, in what differs from diffusers' defaults.
_SD15 = {
    "sample_size": 64,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "block_out_channels": (320, 640, 1280, 1280),
}
_SDXL = {
    "sample_size": 128,
    "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20),
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", _CROSS, _CROSS),
    "up_block_types": (_CROSS_UP, _CROSS_UP, "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
# Name → configuration and the widths of the text encoders' tables.
_SIZES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "sd15": (_SD15, [768]),
    "sdxl": (_SDXL, [768, 1280]),
}


def measure(variant: str, turns: int) -> dict[str, Any]:
    """Seconds of every swap of each side, and what the first one took."""
    unet, widths, dtype = _unet(variant)
    description = BaseModel(variant, "0" * 64, Family.SD)
    shapes = lora_shapes(unet, RANK)
    cached: list[CachedAdapter] = []
    for seed in range(_SUBJECTS):
        manifest, files = random_adapter(description, shapes, widths, seed, dtype=torch.float16)
        file = WORK / "swap" / f"{variant}-{seed}" / ADAPTER_FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(files[ADAPTER_FILE])
        cached.append(CachedAdapter(manifest, file))
    stock = _stock(unet)
    plain = [_lora_file(each.file) for each in cached]
    in_memory = [load_file(file) for file in plain]
    taken: dict[str, dict[str, list[float]]] = {side: {"clock": [], "cpu": []} for side in SIDES}

    def time_it(side: str, act: Callable[[], None]) -> None:
        clock, cpu = time.perf_counter(), time.process_time()
        act()
        taken[side]["clock"].append(round(time.perf_counter() - clock, 6))
        taken[side]["cpu"].append(round(time.process_time() - cpu, 6))

    for turn in range(turns):
        slot = AdapterSlot(unet, ActiveAdapters(unet))
        tensors = [read_adapter(each, widths, dtype) for each in cached]
        time_it("first", partial(slot.put, tensors[1]))
        for number in range(_HOST_SWAPS):
            time_it("host", partial(slot.put, tensors[number % 2]))
        which = turn % 2
        time_it("disk", partial(_from_disk, slot, cached[which], widths, dtype))
        # Stock begins from a UNet without any adapter, as it would without us.
        unet.unload_lora()
        time_it("stock_file", partial(_swap, stock, plain[which]))
        given = dict(in_memory[which])
        time_it("stock_memory", partial(_swap, stock, given))
    return {
        "parameters": sum(p.numel() for p in unet.parameters()),
        "adapter_bytes": cached[0].manifest.size_bytes,
        "rank": RANK,
        "format": str(dtype).removeprefix("torch."),
        "seconds": taken,
    }


def _from_disk(
    slot: AdapterSlot, cached: CachedAdapter, widths: list[int], dtype: torch.dtype
) -> None:
    slot.put(read_adapter(cached, widths, dtype))


def _swap(pipeline: StableDiffusionPipeline, lora: Path | dict[str, torch.Tensor]) -> None:
    pipeline.load_lora_weights(str(lora) if isinstance(lora, Path) else lora)
    pipeline.unload_lora_weights()


def _lora_file(file: Path) -> Path:
    """Beside an adapter's file, one with its LoRA only: what stock reads."""
    tensors = load_file(file)
    lora = {name: tensor for name, tensor in tensors.items() if name.startswith(UNET_PREFIX)}
    plain = file.with_name("lora.safetensors")
    plain.write_bytes(save(lora))
    return plain


def _stock(unet: UNet2DConditionModel) -> StableDiffusionPipeline:
    return StableDiffusionPipeline(
        vae=None,
        text_encoder=None,
        tokenizer=None,
        unet=unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _unet(variant: str) -> tuple[UNet2DConditionModel, list[int], torch.dtype]:
    """The UNet, the widths of its text encoders, its number format; large ones at random."""
    if variant not in _SIZES:
        base = base_of(variant)
        widths = [int(t.get_input_embeddings().weight.shape[1]) for t in base.text_encoders]
        return base.unet, widths, torch.float32
    config, widths = _SIZES[variant]
    # Made without memory, then given pages: initialising 2.6 billion numbers would take minutes.
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config).to(torch.bfloat16)
    unet.to_empty(device="cpu")
    for parameter in unet.parameters():
        parameter.requires_grad_(requires_grad=False)
        parameter.data.fill_(0.01)
    return unet, widths, torch.bfloat16
