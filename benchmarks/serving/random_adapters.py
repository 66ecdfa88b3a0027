"""Adapters of the right shape with random numbers: to whoever moves them, as good as trained."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from safetensors.torch import save

from contract.adapter import ADAPTER_FILE, MANIFEST_FILE, TARGETS, UNET_PREFIX, AdapterManifest
from contract.base_model import BaseModel

_TOKEN_KEYS = ("clip_l", "clip_g")
_ENDINGS = tuple(f".{target}" for target in TARGETS)


def lora_shapes(unet: Any, rank: int) -> dict[str, tuple[int, int]]:
    """Key of the adapter's file → shape, for every projection that adapters change."""
    shapes: dict[str, tuple[int, int]] = {}
    for inner, module in unet.named_modules():
        name = inner.removesuffix(".base_layer")  # where another LoRA is in place already
        if isinstance(module, torch.nn.Linear) and name.endswith(_ENDINGS):
            shapes[f"{UNET_PREFIX}{name}.lora_A.weight"] = (rank, module.in_features)
            shapes[f"{UNET_PREFIX}{name}.lora_B.weight"] = (module.out_features, rank)
    return shapes


def random_tensors(
    shapes: Mapping[str, tuple[int, int]],
    widths: Sequence[int],
    seed: int,
    dtype: torch.dtype = torch.float32,
    scale: float = 0.05,
) -> dict[str, torch.Tensor]:
    """LoRA and two rows for each text encoder, the same for the same seed."""
    random = torch.Generator().manual_seed(seed)
    wanted: dict[str, tuple[int, int]] = dict(shapes)
    wanted |= {key: (2, width) for key, width in zip(_TOKEN_KEYS, widths, strict=False)}
    return {
        name: (torch.randn(shape, generator=random) * scale).to(dtype)
        for name, shape in wanted.items()
    }


def random_adapter(
    base: BaseModel,
    shapes: Mapping[str, tuple[int, int]],
    widths: Sequence[int],
    seed: int,
    *,
    dtype: torch.dtype = torch.float32,
) -> tuple[AdapterManifest, dict[str, bytes]]:
    """Its manifest, and its two files by name."""
    content = save(random_tensors(shapes, widths, seed, dtype))
    rank = next(shape[0] for name, shape in shapes.items() if ".lora_A." in name)
    manifest = AdapterManifest(
        base_model=base,
        rank=rank,
        targets=TARGETS,
        token="<subject>",  # the word's spelling in the format, no secret
        class_noun="person",
        training={},
        metrics={},
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )
    return manifest, {ADAPTER_FILE: content, MANIFEST_FILE: manifest.to_json().encode()}
