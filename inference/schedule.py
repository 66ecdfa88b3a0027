"""Which part of a sampler's schedule is run, and the noise at its ends.

diffusers' samplers keep latents in one of two notations, x0 + σ·noise or the same divided by
√(1 + σ²); what a sampler hands to the UNet (`scale_model_input`) is always the second.
"""

import inspect
import math

import torch
from diffusers import SchedulerMixin


class Schedule:
    """One run of a sampler, from `noise_start` of its steps to where `noise_end` of them is left.

    A step of a second-order sampler is two evaluations of the UNet: shares count steps.
    """

    def __init__(
        self,
        sampler: SchedulerMixin,
        steps: int,
        device: torch.device,
        *,
        noise_start: float = 1.0,
        noise_end: float = 0.0,
    ) -> None:
        sampler.set_timesteps(steps, device=device)
        self._sampler = sampler
        order, times = sampler.order, sampler.timesteps
        total = -(-len(times) // order)
        first = total - max(1, round(total * noise_start))
        last = max(first + 1, total - round(total * noise_end))
        self.times: torch.Tensor = times[first * order : last * order]
        """One for each evaluation of the UNet."""
        self.rest: torch.Tensor | None = times[last * order] if last < total else None
        """Where the picture is read off what noise is left; None if none is."""
        self._all_noise = noise_start == 1.0
        if hasattr(sampler, "set_begin_index"):
            sampler.set_begin_index(first * order)
        taken = inspect.signature(sampler.step).parameters
        self._draws = "generator" in taken

    def begun(self, latents: torch.Tensor | None, noise: torch.Tensor) -> torch.Tensor:
        """Latents with the noise of the first step; of all noise, nothing else is left."""
        if latents is None or self._all_noise:
            begun: torch.Tensor = noise * self._sampler.init_noise_sigma
            return begun
        return self.noised(latents, noise, self.times[0])

    def noised(
        self, latents: torch.Tensor, noise: torch.Tensor, time: torch.Tensor
    ) -> torch.Tensor:
        """Latents with the noise that belongs to the step at hand."""
        noised: torch.Tensor = self._sampler.add_noise(latents, noise, time[None])
        return noised

    def scaled(self, latents: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """What the UNet is shown."""
        scaled: torch.Tensor = self._sampler.scale_model_input(latents, time)
        return scaled

    def stepped(
        self,
        said: torch.Tensor,
        time: torch.Tensor,
        latents: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Latents one evaluation further on."""
        drawn = {"generator": generator} if self._draws else {}
        stepped: torch.Tensor = self._sampler.step(said, time, latents, **drawn, return_dict=False)[
            0
        ]
        return stepped

    def cleared(self, said: torch.Tensor, time: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """The x0 that the UNet means by `said` of `scaled`: all of the noise taken out at once."""
        sigma = self._sigma(time)
        signal = 1.0 / math.sqrt(1 + sigma**2)
        kind = self._sampler.config.prediction_type
        if kind == "epsilon":
            return (scaled - sigma * signal * said) / signal
        return signal * scaled - sigma * signal * said if kind == "v_prediction" else said

    def _sigma(self, time: torch.Tensor) -> float:
        if hasattr(self._sampler, "sigmas"):
            return float(self._sampler.sigmas[self._sampler.step_index])
        kept = float(self._sampler.alphas_cumprod[int(time)])
        return math.sqrt((1 - kept) / kept)
