"""Photos as latents, computed once: the autoencoder is not needed during training."""

from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL

from training.subject_mask import background_weights, subject_mask


@dataclass(frozen=True)
class LatentCache:
    """Means and deviations, each (views, photos, channels, height, width), already scaled.

    Views: the photos as they are and, by the settings, closer and mirrored. `weights` (views,
    photos, height, width), of mean 1, say how much each place counts; None: all the same.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    weights: torch.Tensor | None = None

    @property
    def photos(self) -> int:
        """How many photos there are."""
        return self.mean.shape[1]

    @property
    def views(self) -> int:
        """How many versions of each."""
        return self.mean.shape[0]

    def drawn(self, views: torch.Tensor, photos: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Samples of the chosen photos' posteriors; `noise` is standard normal."""
        return self.mean[views, photos] + self.deviation[views, photos] * noise

    def weights_of(self, views: torch.Tensor, photos: torch.Tensor) -> torch.Tensor | None:
        """The chosen photos' weights (n, height, width)."""
        return None if self.weights is None else self.weights[views, photos]


@torch.no_grad()
def cache_latents(
    vae: AutoencoderKL, views: list[torch.Tensor], *, mask_strength: float = 0.0
) -> LatentCache:
    """Encode views, each (photos, 3, side, side), one by one; the result stays on the VAE's device.

    `mask_strength` is how much less the estimated background counts in the loss.
    """
    means, deviations = [], []
    for view in views:
        posteriors = [vae.encode(one[None].to(vae.device)).latent_dist for one in view]
        means.append(torch.cat([posterior.mean for posterior in posteriors]))
        deviations.append(torch.cat([posterior.std for posterior in posteriors]))
    scale, shift = vae.config.scaling_factor, vae.config.shift_factor or 0.0
    mean, deviation = (torch.stack(means) - shift) * scale, torch.stack(deviations) * scale
    if not mask_strength:
        return LatentCache(mean, deviation)
    size = (mean.shape[-2], mean.shape[-1])
    weights = [background_weights(subject_mask(view), mask_strength, size) for view in views]
    return LatentCache(mean, deviation, torch.stack(weights).to(vae.device))
