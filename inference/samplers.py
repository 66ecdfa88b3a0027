"""The API's sampler names as diffusers schedulers, set up from the base model's noise schedule."""

from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    DPMSolverSinglestepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LMSDiscreteScheduler,
    SchedulerMixin,
)

from contract.generation import Sampler


class _LMS(LMSDiscreteScheduler):  # type: ignore[misc]
    """Of no higher order than there are derivatives: diffusers counts steps that were skipped."""

    def step(
        self,
        model_output: torch.Tensor,
        timestep: torch.Tensor,
        sample: torch.Tensor,
        order: int = 4,
        return_dict: bool = True,
    ) -> Any:
        """See LMSDiscreteScheduler."""
        known = len(self.derivatives) + 1
        return super().step(model_output, timestep, sample, min(order, known), return_dict)


# diffusers switches clipping on by default for some: that is for pixels and cuts off latents.
LATENT: dict[str, object] = {"clip_sample": False, "thresholding": False}
_SAMPLERS: dict[Sampler, tuple[Any, dict[str, object]]] = {
    Sampler.DDIM: (DDIMScheduler, LATENT),
    Sampler.DDPM: (DDPMScheduler, {**LATENT, "variance_type": "fixed_small"}),
    Sampler.K_DPMPP_2M: (
        DPMSolverMultistepScheduler,
        {"algorithm_type": "dpmsolver++", "solver_order": 2, "use_karras_sigmas": True},
    ),
    # The stochastic singlestep solver of order 2: what k-diffusion calls "2S ancestral".
    Sampler.K_DPMPP_2S_ANCESTRAL: (
        DPMSolverSinglestepScheduler,
        {"algorithm_type": "sde-dpmsolver++", "solver_order": 2, "final_sigmas_type": "zero"},
    ),
    Sampler.K_DPM_2: (KDPM2DiscreteScheduler, {}),
    Sampler.K_DPM_2_ANCESTRAL: (KDPM2AncestralDiscreteScheduler, {}),
    Sampler.K_EULER: (EulerDiscreteScheduler, {}),
    Sampler.K_EULER_ANCESTRAL: (EulerAncestralDiscreteScheduler, {}),
    Sampler.K_HEUN: (HeunDiscreteScheduler, {}),
    Sampler.K_LMS: (_LMS, {}),
}


def scheduler_for(sampler: Sampler, base: SchedulerMixin) -> SchedulerMixin:
    """A fresh scheduler with the base model's betas and prediction type."""
    kind, options = _SAMPLERS[sampler]
    scheduler: SchedulerMixin = kind.from_config(base.config, **options)
    return scheduler
