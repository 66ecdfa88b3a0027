"""Between pixels and the latents that are denoised."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from diffusers.utils.torch_utils import randn_tensor

from inference.base import Base
from inference.canvas import Levels, Pixels


class LatentSpace:
    """The base's autoencoder; latents are (1, channels, height, width) / `scale`."""

    def __init__(self, base: Base) -> None:
        self._vae = base.vae
        self._dtype: torch.dtype = base.unet.dtype
        self._device: torch.device = base.unet.device
        self._channels: int = base.unet.config.in_channels
        self.scale: int = base.pipeline.vae_scale_factor
        """Pixels a latent, along each side."""
        # SDXL's autoencoder overflows in half precision (its configuration says so).
        self._upcasts = base.is_xl and bool(base.vae.config.force_upcast)

    def noise(self, width: int, height: int, generator: torch.Generator) -> torch.Tensor:
        """Standard normal latents for width × height pixels; the generator's device draws them."""
        shape = (1, self._channels, height // self.scale, width // self.scale)
        noise: torch.Tensor = randn_tensor(
            shape, generator=generator, device=self._device, dtype=self._dtype
        )
        return noise

    @torch.no_grad()
    def encode(self, levels: torch.Tensor) -> torch.Tensor:
        """The likeliest latents of (1, 3, height, width) in −1…1: no noise is drawn for it."""
        with self._exact() as dtype:
            encoded = self._vae.encode(levels.to(self._device, dtype)).latent_dist.mode()
        mean, deviation = self._statistics(encoded)
        latents: torch.Tensor = (encoded - mean) / deviation * self._vae.config.scaling_factor
        return latents.to(self._dtype)

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """(3, height, width) in 0…1, as diffusers' pipelines decode; may hold what is no number."""
        with self._exact() as dtype:
            exact = latents.to(self._device, dtype)
            mean, deviation = self._statistics(exact)
            exact = exact * deviation / self._vae.config.scaling_factor + mean
            decoded: torch.Tensor = self._vae.decode(exact, return_dict=False)[0]
        return (decoded[0] * 0.5 + 0.5).clamp(0, 1)

    def touched(self, repainted: Levels) -> torch.Tensor:
        """(1, 1, height, width) of latents: 1 where any of a latent's pixels is repainted."""
        any_of = torch.from_numpy((repainted > 0).astype(np.float32))[None, None]
        pooled = torch.nn.functional.max_pool2d(any_of, self.scale)
        return pooled.to(self._device, self._dtype)

    @contextmanager
    def _exact(self) -> Iterator[torch.dtype]:
        """The autoencoder in a precision that it bears."""
        upcast = self._upcasts and self._vae.dtype == torch.float16
        if upcast:
            self._vae.to(torch.float32)
        try:
            yield self._vae.dtype
        finally:
            if upcast:
                self._vae.to(torch.float16)

    def _statistics(self, like: torch.Tensor) -> tuple[torch.Tensor | float, torch.Tensor | float]:
        """Mean and deviation by channel, where the base declares them."""
        config = self._vae.config
        if config.latents_mean is None or config.latents_std is None:
            return 0.0, 1.0
        mean, deviation = (
            torch.tensor(values).view(1, -1, 1, 1).to(like)
            for values in (config.latents_mean, config.latents_std)
        )
        return mean, deviation


def as_levels(pixels: Pixels) -> torch.Tensor:
    """(height, width, 3) as (1, 3, height, width) in −1…1, as autoencoders take pictures."""
    return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1


def as_pixels(shown: torch.Tensor) -> Pixels:
    """(3, height, width) in 0…1 as (height, width, 3)."""
    levels = (shown.float().clamp(0, 1) * 255).round().to(torch.uint8)
    pixels: Pixels = levels.permute(1, 2, 0).cpu().numpy()
    return pixels
