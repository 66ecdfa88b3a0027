"""LoRA on the UNet's attention (Hu et al. 2021, arXiv:2106.09685), by peft."""

import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig, get_peft_model_state_dict

from contract.adapter import TARGETS, UNET_PREFIX

ADAPTER = "subject"


def inject(unet: UNet2DConditionModel, rank: int, seed: int) -> list[torch.nn.Parameter]:
    """Add LoRA of fixed rank with scale 1; returns its parameters, fp32 and trainable.

    A is drawn from `seed`, B is zero: at first nothing changes.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet.add_adapter(
            LoraConfig(
                r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=[*TARGETS]
            ),
            adapter_name=ADAPTER,
        )
    parameters = [parameter for parameter in unet.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.data = parameter.data.float()
    return parameters


def adapter_tensors(unet: UNet2DConditionModel) -> dict[str, torch.Tensor]:
    """The LoRA tensors under the adapter file's names, fp32 on the CPU."""
    state = get_peft_model_state_dict(unet, adapter_name=ADAPTER)
    return {
        f"{UNET_PREFIX}{name}": tensor.detach().float().cpu().contiguous()
        for name, tensor in sorted(state.items())
    }
