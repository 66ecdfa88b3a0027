"""Photos as latents, computed once: the autoencoder is not needed during training."""

from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL


@dataclass(frozen=True)
class LatentCache:
    """Means and deviations, each (views, photos, channels, height, width), already scaled.

    Views: the photo as it is and, if mirroring is on, its mirror image.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

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


@torch.no_grad()
def cache_latents(vae: AutoencoderKL, pixels: torch.Tensor, *, mirror: bool) -> LatentCache:
    """Encode (photos, 3, side, side) pixels one by one; the result stays on the VAE's device."""
    views = [pixels, pixels.flip(-1)] if mirror else [pixels]
    means, deviations = [], []
    for view in views:
        posteriors = [vae.encode(one[None].to(vae.device)).latent_dist for one in view]
        means.append(torch.cat([posterior.mean for posterior in posteriors]))
        deviations.append(torch.cat([posterior.std for posterior in posteriors]))
    scale, shift = vae.config.scaling_factor, vae.config.shift_factor or 0.0
    return LatentCache((torch.stack(means) - shift) * scale, torch.stack(deviations) * scale)
