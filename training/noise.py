"""How a base model's noise works: what is added, what it should predict, which moments count."""

from typing import Protocol

import torch
from diffusers import DDIMScheduler, FlowMatchEulerDiscreteScheduler

from training.loss import min_snr_weights, target


class NoiseProcess(Protocol):
    """The port between the loop and a family's kind of noise.

    Times are (n,) in the denoiser's own count, from 0 (clean) to about 1000 (noise alone).
    """

    @property
    def scheduler(self) -> DDIMScheduler | FlowMatchEulerDiscreteScheduler:
        """Leads from noise to latents, a step at a time; starts at noise of deviation 1."""
        ...

    def drawn(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Random times to train at."""
        ...

    def levels(self, count: int) -> torch.Tensor:
        """Times that part the whole span evenly, to measure at."""
        ...

    def noised(
        self, latents: torch.Tensor, noise: torch.Tensor, times: torch.Tensor
    ) -> torch.Tensor:
        """The latents as the denoiser sees them at these times."""
        ...

    def target(
        self, latents: torch.Tensor, noise: torch.Tensor, times: torch.Tensor
    ) -> torch.Tensor:
        """What the denoiser should say."""
        ...

    def weights(self, times: torch.Tensor, gamma: float) -> torch.Tensor:
        """How much each time's error counts, (n,); `gamma` is min-SNR's."""
        ...


class Diffusion:
    """DDPM's noise (Ho et al. 2020, arXiv:2006.11239) predicting noise or velocity: SD, SDXL."""

    def __init__(self, scheduler: DDIMScheduler) -> None:
        # DDIM's clip_sample default is meant for pixels: it would cut off latents.
        self.scheduler: DDIMScheduler = DDIMScheduler.from_config(
            scheduler.config, clip_sample=False, thresholding=False
        )
        self._steps: int = scheduler.config.num_train_timesteps

    def drawn(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Every time alike."""
        return torch.randint(self._steps, (count,), generator=generator)

    def levels(self, count: int) -> torch.Tensor:
        """See NoiseProcess."""
        return (2 * torch.arange(count) + 1) * self._steps // (2 * count)

    def noised(
        self, latents: torch.Tensor, noise: torch.Tensor, times: torch.Tensor
    ) -> torch.Tensor:
        """See NoiseProcess."""
        noisy: torch.Tensor = self.scheduler.add_noise(latents, noise, times)
        return noisy

    def target(
        self, latents: torch.Tensor, noise: torch.Tensor, times: torch.Tensor
    ) -> torch.Tensor:
        """See NoiseProcess."""
        return target(self.scheduler, latents, noise, times)

    def weights(self, times: torch.Tensor, gamma: float) -> torch.Tensor:
        """Min-SNR's."""
        return min_snr_weights(self.scheduler, times, gamma)


class FlowMatching:
    """Straight lines from latents to noise (Lipman et al. 2022, arXiv:2210.02747): SD3.

    At time t of 1000 the latents are (1 - σ) x + σ ε with σ = t / 1000; ε - x is predicted.
    """

    def __init__(self, scheduler: FlowMatchEulerDiscreteScheduler) -> None:
        self.scheduler: FlowMatchEulerDiscreteScheduler = scheduler
        self._count: int = scheduler.config.num_train_timesteps
        self._shift: float = scheduler.config.shift

    def drawn(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Logit-normal with mean 0 and deviation 1, moved to the noisy side by the scheduler's
        shift (Esser et al. 2024, arXiv:2403.03206, sections 3.1 and 5.3.2)."""
        even = torch.sigmoid(torch.randn(count, generator=generator))
        return self._count * self._shift * even / (1 + (self._shift - 1) * even)

    def levels(self, count: int) -> torch.Tensor:
        """See NoiseProcess."""
        return (2 * torch.arange(count) + 1) * self._count / (2 * count)

    def noised(
        self, latents: torch.Tensor, noise: torch.Tensor, times: torch.Tensor
    ) -> torch.Tensor:
        """See NoiseProcess."""
        share = (times / self._count).view(-1, *[1] * (latents.dim() - 1))
        return (1 - share) * latents + share * noise

    def target(self, latents: torch.Tensor, noise: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        """See NoiseProcess."""
        return noise - latents

    def weights(self, times: torch.Tensor, _: float) -> torch.Tensor:
        """All alike: the draw of times does the weighting, and min-SNR speaks of DDPM's noise."""
        return torch.ones(len(times), device=times.device)
