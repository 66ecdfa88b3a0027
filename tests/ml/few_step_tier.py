"""A few-step tier for a tiny base: of random numbers, but well made."""

import shutil
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig
from safetensors.torch import save_file

from contract.adapter import UNET_PREFIX, file_sha256
from contract.base_model import BASE_FILE, BaseModel
from contract.few_step import (
    CONFIG_FILE,
    FEW_STEP_FOLDER,
    TENSORS_FILE,
    FewStepSolver,
    FewStepTier,
    Range,
)

RANK = 4
_TARGETS = ("to_q", "to_out.0", "conv1", "time_emb_proj")


def with_few_step(base: Path, folder: Path) -> Path:
    """A copy of a published base in `folder`, with a tier of 1–8 steps and guidance 0–2."""
    shutil.copytree(base, folder)
    write_few_step(folder, lora_for(folder))
    return folder


def lora_for(
    base: Path, targets: tuple[str, ...] = _TARGETS, seed: int = 5
) -> dict[str, torch.Tensor]:
    """By default attention, convolutions and time: `unet.<module>.lora_A.weight` and `lora_B`."""
    unet = UNet2DConditionModel.from_pretrained(base / "unet")
    unet.add_adapter(
        LoraConfig(r=RANK, lora_alpha=RANK, target_modules=[*targets]), adapter_name="made"
    )
    rng = torch.Generator().manual_seed(seed)
    return {
        UNET_PREFIX + name.replace(".made.", "."): 0.1 * torch.randn(tensor.shape, generator=rng)
        for name, tensor in unet.named_parameters()
        if ".made." in name
    }


def write_few_step(
    folder: Path, lora: dict[str, torch.Tensor], *, base_hash: str | None = None
) -> None:
    """The tier of these tensors; `base_hash` unless it is the base's own."""
    inside = folder / FEW_STEP_FOLDER
    inside.mkdir(exist_ok=True)
    path = inside / TENSORS_FILE
    save_file({name: tensor.contiguous() for name, tensor in lora.items()}, path)
    tier = FewStepTier(
        base_hash=base_hash or BaseModel.from_json((folder / BASE_FILE).read_bytes()).hash,
        rank=RANK,
        solver=FewStepSolver.LCM,
        original_steps=50,
        steps=Range(1, 8, 4),
        cfg_scale=Range(0, 2, 1),
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
    )
    (inside / CONFIG_FILE).write_text(tier.to_json())
