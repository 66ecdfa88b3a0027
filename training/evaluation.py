"""Measuring what a training did: on fixed noise, and on pictures."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional as nnf

from contract.training_job import Hyperparameters
from training.base import Base
from training.conditioning import Conditioning, predict
from training.latents import LatentCache
from training.sampling import denoise

_LEVELS = 8  # timesteps of the fixed set
_PHOTOS = 8  # photos of the fixed set
_PICTURES = 4
_STEPS = 12
_GUIDANCE = 3.0
_GRID = 8  # low frequencies: a picture as 8×8 mean colours


@torch.no_grad()
def fixed_loss(base: Base, latents: LatentCache, told: Conditioning, side: int) -> float:
    """Unweighted loss on the photos with noise and timesteps that never change.

    Comparable before and after training, unlike the loop's own, which is all chance.
    """
    rng = torch.Generator().manual_seed(1)
    photos = latents.mean[0, :_PHOTOS]
    total = 0.0
    for moment in base.noise.levels(_LEVELS).to(base.device):
        for photo in photos:
            noise = torch.randn((1, *photo.shape), generator=rng).to(base.device)
            times = moment[None]
            noisy = base.noise.noised(photo[None], noise, times)
            predicted = predict(base, noisy, times, told.rows([0]), side)
            wanted = base.noise.target(photo[None], noise, times)
            total += nnf.mse_loss(predicted, wanted).item()
    return total / (_LEVELS * len(photos))


@dataclass(frozen=True)
class Movement:
    """Mean low-frequency distance (0…1 of the colour range) of pictures to the nearest photo."""

    base: float
    tuned: float

    @property
    def share(self) -> float:
        """How much of the base's distance is gone: 0 nothing, 1 all, negative: further away."""
        return 1 - self.tuned / self.base if self.base else 0.0


@torch.no_grad()
def movement(
    base: Base,
    pixels: torch.Tensor,
    told_base: Conditioning,
    told_tuned: Conditioning,
    untold: Conditioning,
    settings: Hyperparameters,
    pause: Callable[[], None],
) -> Movement:
    """Pictures from the same noise, of the class by the base and of the subject by the adapter.

    `pixels` are the photos (n, 3, side, side). The LoRA must be on; it is on afterwards.
    """
    side = settings.resolution
    shape = (1, *base.latent_shape(side))
    photos = low_frequencies(pixels)
    distances: dict[str, list[float]] = {"base": [], "tuned": []}
    for seed in range(_PICTURES):
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(base.device)
        for name, told in (("base", told_base), ("tuned", told_tuned)):
            if name == "base":
                base.denoiser.disable_adapters()
            try:
                latents = denoise(
                    base, noise, told, untold, side, _STEPS, guidance=_GUIDANCE, pause=pause
                )
            finally:
                base.denoiser.enable_adapters()
            picture = base.decoded(latents)
            apart = (
                (low_frequencies(picture.float().cpu()) - photos).square().mean((1, 2, 3)).sqrt()
            )
            distances[name].append(apart.min().item())
    return Movement(*(sum(distances[name]) / _PICTURES for name in ("base", "tuned")))


def low_frequencies(pixels: torch.Tensor) -> torch.Tensor:
    """(n, 3, side, side) in −1…1 to (n, 3, 8, 8) mean colours in 0…1."""
    return nnf.adaptive_avg_pool2d((pixels.clamp(-1, 1) + 1) / 2, _GRID)
