"""The arithmetic of latent consistency distillation, for a model that predicts v.

A consistency function answers with the clean latents from anywhere on the way of a solver (Luo et
al. 2023, arXiv:2310.04378). What it is made of, its time steps included, is taken from diffusers'
`LCMScheduler`, which samples with it later: training and sampling cannot drift apart.
"""

from dataclasses import dataclass

import torch
from diffusers import LCMScheduler


@dataclass(frozen=True)
class Point:
    """Noisy latents (n, channels, height, width) and their time steps (n,)."""

    latents: torch.Tensor
    times: torch.Tensor


class Consistency:
    """The way from noise to latents in `original_inference_steps` leaps of the teacher's solver."""

    def __init__(self, scheduler: LCMScheduler) -> None:
        self._scheduler = scheduler
        self._alphas = scheduler.alphas_cumprod
        scheduler.set_timesteps(scheduler.config.original_inference_steps)
        self.times = scheduler.timesteps.flip(0)  # ascending: 19, 39, … 999
        self._leap = int(self.times[1] - self.times[0])

    def noised(self, clean: torch.Tensor, noise: torch.Tensor, times: torch.Tensor) -> Point:
        """Where the way begins for these latents."""
        signal, spread = self._levels(times)
        return Point(signal * clean + spread * noise, times)

    def leap(self, point: Point, velocity: torch.Tensor) -> Point:
        """One step of DDIM over the skipped time steps (section 4.3), under a predicted v."""
        clean, noise = self._parts(point, velocity)
        return self.noised(clean, noise, (point.times - self._leap).clamp(min=0))

    def answer(self, point: Point, velocity: torch.Tensor) -> torch.Tensor:
        """The consistency function: at time 0 the latents themselves, whatever is predicted."""
        clean, _ = self._parts(point, velocity)
        skip, out = self._scheduler.get_scalings_for_boundary_condition_discrete(point.times)
        return _wide(skip) * point.latents + _wide(out) * clean

    def _parts(self, point: Point, velocity: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents and noise that v stands for (Salimans & Ho 2022, arXiv:2202.00512)."""
        signal, spread = self._levels(point.times)
        return (
            signal * point.latents - spread * velocity,
            spread * point.latents + signal * velocity,
        )

    def _levels(self, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        kept = _wide(self._alphas.to(times.device)[times])
        return kept.sqrt(), (1 - kept).sqrt()


def pseudo_huber(made: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean of a distance that is square where small and linear where large.

    Song & Dhariwal 2023 (arXiv:2310.14189, section 3.3); the constant is that of diffusers' LCM
    scripts.
    """
    constant = 0.001
    return torch.sqrt((made - wanted).square() + constant**2).mean() - constant


def _wide(values: torch.Tensor) -> torch.Tensor:
    return values[:, None, None, None]
