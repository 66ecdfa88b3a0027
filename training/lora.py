"""LoRA on the denoiser's modules (Hu et al. 2021, arXiv:2106.09685), by peft."""

import torch
from peft import LoraConfig, get_peft_model_state_dict

from training.base import Base
from training.lora_attention import join_projections
from training.lora_linear import LoraLinear

ADAPTER = "subject"


def inject(
    base: Base, rank: int, seed: int, *, convolutions: bool = False
) -> list[torch.nn.Parameter]:
    """Add LoRA of fixed rank with scale 1; returns its parameters, fp32 and trainable.

    A is drawn from `seed`, B is zero: at first nothing changes.
    """
    denoiser, targets = base.denoiser, base.architecture.adapted(convolutions=convolutions)
    config = LoraConfig(
        r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=[*targets]
    )
    config._register_custom_module({torch.nn.Linear: LoraLinear})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        denoiser.add_adapter(config, adapter_name=ADAPTER)
    join_projections(denoiser)
    parameters = [parameter for parameter in denoiser.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.data = parameter.data.float()
    return parameters


def adapter_tensors(base: Base) -> dict[str, torch.Tensor]:
    """The LoRA tensors under the adapter file's names, fp32 on the CPU."""
    state = get_peft_model_state_dict(base.denoiser, adapter_name=ADAPTER)
    return {
        f"{base.architecture.prefix}{name}": tensor.detach().float().cpu().clone()
        for name, tensor in sorted(state.items())
    }
