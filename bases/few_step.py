"""A public few-step adapter (such as the LCM-LoRA of SDXL) as the tier of a base model.

Published ones come in the key formats of kohya's trainer, of diffusers and of peft, each with its
own notion of scale. What is written here is one format, checked against the base's UNet before a
byte is uploaded: `contract/few_step.py`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel
from diffusers.utils.state_dict_utils import convert_unet_state_dict_to_peft
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from contract.adapter import UNET_PREFIX
from contract.base_model import BaseModel
from contract.errors import ContractError
from contract.few_step import TENSORS_FILE, FewStepTier, Range, write_config

# The defaults of diffusers' LCMScheduler and of its distillation scripts.
_ORIGINAL_STEPS = 50
# "2 to 8 steps", guidance "disabled or 1.0 to 2.0": huggingface.co/latent-consistency/lcm-lora-sdxl
STEPS, CFG_SCALE = Range(2, 8, 4), Range(0, 2, 1)
_METADATA = "lora_adapter_metadata"  # of diffusers' save_lora_weights
_PEFT_PREFIX = "base_model.model."
_A, _B = ".lora_A.weight", ".lora_B.weight"

Tensors = dict[str, torch.Tensor]


class FewStepError(ContractError):
    """This is no few-step adapter for that base; the message says why."""


def write_tier(weights: Path, folder: Path, base: BaseModel, out: Path) -> FewStepTier:
    """Write `out/adapter.safetensors` and `out/config.json` from a LoRA in any of the formats.

    `folder` is the base's. Raises FewStepError.
    """
    lora = normalised(*_read(weights))
    rank = _fitting_rank(lora, folder)
    out.mkdir(parents=True, exist_ok=True)
    named = {UNET_PREFIX + name: tensor for name, tensor in lora.items()}
    save_file(named, out / TENSORS_FILE)
    return write_config(out, base.hash, rank, _ORIGINAL_STEPS, STEPS, CFG_SCALE)


def normalised(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> Tensors:
    """`<module>.lora_A.weight` and `….lora_B.weight` of the UNet, in fp16, with scale 1."""
    renamed = {
        UNET_PREFIX + name.removeprefix(_PEFT_PREFIX) if name.startswith(_PEFT_PREFIX) else name: t
        for name, t in _without_alphas(tensors).items()
    }
    try:
        converted, _ = StableDiffusionXLPipeline.lora_state_dict(renamed)
    except (ValueError, KeyError) as error:
        raise FewStepError("its tensors have names that no known trainer gives") from error
    if any(not name.startswith(UNET_PREFIX) for name in converted):
        raise FewStepError("it changes more than the UNet")
    scale = _stored_scale(metadata)
    lora: Tensors = {}
    for name, tensor in convert_unet_state_dict_to_peft(converted).items():
        if not bool(torch.isfinite(tensor).all()):
            raise FewStepError("it holds values that are not numbers")
        scaled = tensor.float() * scale if name.endswith(_B) else tensor.float()
        lora[name.removeprefix(UNET_PREFIX)] = scaled.half().contiguous()
    return lora


def _read(path: Path) -> tuple[Tensors, dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise FewStepError(f"{path.name} is no safetensors file") from error


def _without_alphas(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """kohya's `<name>.alpha` over the rank is the scale: it goes into the output's side."""
    plain = {name: tensor for name, tensor in tensors.items() if not name.endswith(".alpha")}
    for name, alpha in tensors.items():
        if not name.endswith(".alpha"):
            continue
        stem = name.removesuffix(".alpha")
        down, up = f"{stem}.lora_down.weight", f"{stem}.lora_up.weight"
        if down not in plain or up not in plain:
            raise FewStepError("it has a scale for tensors that are not there")
        plain[up] = plain[up].float() * (float(alpha) / len(plain[down]))
    return plain


def _stored_scale(metadata: Mapping[str, str]) -> float:
    """peft's `lora_alpha` over `r`, where diffusers has stored them; 1 elsewhere."""
    try:
        stored = json.loads(metadata.get(_METADATA, "{}"))
        if stored.get("unet.alpha_pattern") or stored.get("unet.rank_pattern"):
            raise FewStepError("its layers differ in rank or scale")
        return float(stored.get("unet.lora_alpha", 1)) / float(stored.get("unet.r", 1))
    except (ValueError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise FewStepError("its description cannot be read") from error


def _fitting_rank(lora: Tensors, folder: Path) -> int:
    """The one rank of all layers; raises FewStepError unless each is a pair that fits the UNet."""
    config = UNet2DConditionModel.load_config(folder / "unet", local_files_only=True)
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config)
    layers = dict(unet.named_modules())
    modules = {name.removesuffix(_A) for name in lora if name.endswith(_A)}
    if not modules or lora.keys() != {name + side for name in modules for side in (_A, _B)}:
        raise FewStepError("its tensors are not pairs")
    ranks = set()
    for name in modules:
        layer, down, up = layers.get(name), lora[name + _A], lora[name + _B]
        if not isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
            raise FewStepError("it changes layers that the base model does not have")
        wanted, point = layer.weight.shape, (1,) * (layer.weight.dim() - 2)
        ranks.add(len(down))
        if down.shape[1:] != wanted[1:] or up.shape != (wanted[0], len(down), *point):
            raise FewStepError("its layers have other shapes than the base model's")
    if len(ranks) != 1:
        raise FewStepError("its layers differ in rank or scale")
    return ranks.pop()
