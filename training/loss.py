"""The diffusion loss: what the denoiser should have said, and how much each timestep counts."""

import torch
from diffusers import DDIMScheduler

from contract.architecture import EPSILON


def target(
    scheduler: DDIMScheduler, latents: torch.Tensor, noise: torch.Tensor, times: torch.Tensor
) -> torch.Tensor:
    """The noise, or the velocity (Salimans and Ho 2022, arXiv:2202.00512), as the base predicts."""
    if scheduler.config.prediction_type == EPSILON:
        return noise
    velocity: torch.Tensor = scheduler.get_velocity(latents, noise, times)
    return velocity


def min_snr_weights(scheduler: DDIMScheduler, times: torch.Tensor, gamma: float) -> torch.Tensor:
    """Weights (n,) after Hang et al. 2023, arXiv:2303.09556: a loss's weight on x₀ is cut at γ.

    The noise loss weighs x₀ by SNR, the velocity loss by SNR + 1; so min(SNR, γ) / SNR and
    min(SNR + 1, γ) / (SNR + 1). For velocity the paper has min(SNR, γ) / (SNR + 1), which leaves
    nothing of the noisiest timesteps, where such a model decides colours and layout.
    γ 0 gives ones.
    """
    if gamma == 0:
        return torch.ones(len(times), device=times.device)
    kept = scheduler.alphas_cumprod.to(times.device)[times]
    ratio = kept / (1 - kept)
    own = ratio if scheduler.config.prediction_type == EPSILON else ratio + 1
    weights: torch.Tensor = own.clamp(max=gamma) / own
    return weights


def weighted_loss(
    predicted: torch.Tensor,
    wanted: torch.Tensor,
    weights: torch.Tensor,
    places: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over the batch of each sample's mean square error, weighted by sample.

    `places` (n, height, width), of mean 1, weighs a sample's places, such as the subject's.
    """
    errors = (predicted - wanted).square()
    if places is not None:
        errors = errors * places[:, None]
    return (errors.flatten(1).mean(dim=1) * weights).mean()
