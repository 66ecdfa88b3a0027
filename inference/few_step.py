"""The base model's own adapter for drawing in a few steps, beside the slot of the subjects'.

It is put into the UNet once, at start, and switched on for the requests that ask for it.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import LCMScheduler, SchedulerMixin, UNet2DConditionModel
from peft import set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file

from contract.adapter import UNET_PREFIX
from contract.base_model import BaseModel
from contract.errors import BaseFolderError
from contract.few_step import FEW_STEP_FOLDER, TENSORS_FILE, FewStepTier, checked_tier
from contract.generation import GenerationRequest
from inference.active_adapters import ActiveAdapters
from inference.errors import RequestRefusedError
from inference.samplers import LATENT

_NAME = "few_step"
_A = ".lora_A.weight"


@dataclass(frozen=True)
class FewStepAdapter:
    """The tier and its LoRA, by module and side."""

    tier: FewStepTier
    lora: dict[str, torch.Tensor]


def read_few_step(folder: Path, base: BaseModel) -> FewStepAdapter | None:
    """What the base's folder offers. Raises ContractError for a tier that cannot be used."""
    tier = checked_tier(folder, base)
    if tier is None:
        return None
    try:
        tensors = load_file(folder / FEW_STEP_FOLDER / TENSORS_FILE)
    except (SafetensorError, OSError, ValueError) as error:
        raise BaseFolderError(f"{FEW_STEP_FOLDER}/{TENSORS_FILE} cannot be read") from error
    return FewStepAdapter(
        tier, {name.removeprefix(UNET_PREFIX): tensor for name, tensor in tensors.items()}
    )


class FewStep:
    """The switch of the few-step tier; of a base without one, it can only be off."""

    def __init__(
        self, unet: UNet2DConditionModel, adapter: FewStepAdapter | None, active: ActiveAdapters
    ) -> None:
        """Put the adapter in. Raises BaseFolderError if it does not fit the UNet."""
        self._tier = adapter.tier if adapter else None
        self._active = active
        if adapter is not None:
            _inject(unet, adapter, active)

    def prepare(self, request: GenerationRequest) -> None:
        """Switch as a request asks. Raises RequestRefusedError, and then changes nothing."""
        if not request.few_step:
            self._active.switch(_NAME, on=False)
            return
        if self._tier is None:
            raise RequestRefusedError(
                "few_step_not_offered", "The base model has no adapter for a few steps."
            )
        steps, scale = self._tier.steps, self._tier.cfg_scale
        if not (
            steps.minimum <= request.steps <= steps.maximum
            and scale.minimum <= request.cfg_scale <= scale.maximum
        ):
            raise RequestRefusedError(
                "few_step_out_of_bounds", "The base model offers other steps or another guidance."
            )
        self._active.switch(_NAME, on=True)


def few_step_scheduler(tier: FewStepTier, base: SchedulerMixin) -> SchedulerMixin:
    """The sampler that the adapter was distilled for, on the base model's noise schedule."""
    scheduler: SchedulerMixin = LCMScheduler.from_config(
        base.config, original_inference_steps=tier.original_steps, **LATENT
    )
    return scheduler


def _inject(unet: UNet2DConditionModel, adapter: FewStepAdapter, active: ActiveAdapters) -> None:
    rank, lora = adapter.tier.rank, adapter.lora
    modules = [name.removesuffix(_A) for name in lora if name.endswith(_A)]
    fitting = BaseFolderError(f"{FEW_STEP_FOLDER}/{TENSORS_FILE} does not fit the base model")
    try:
        active.add(_NAME, rank, modules, on=False)
        loaded = set_peft_model_state_dict(unet, dict(lora), adapter_name=_NAME)
    except (ValueError, RuntimeError) as error:
        raise fitting from error
    mine = [name for name, _ in unet.named_parameters() if f".{_NAME}." in name]
    if loaded.unexpected_keys or len(mine) != len(lora):
        raise fitting
    for name, parameter in unet.named_parameters():
        if f".{_NAME}." in name:
            parameter.requires_grad_(requires_grad=False)
            parameter.data = parameter.data.to(unet.device, unet.dtype)
