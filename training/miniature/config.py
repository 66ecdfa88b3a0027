"""How large the miniature is. `laptop` fits CPU hours, `studio` a GPU; the code is the same."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class MiniatureConfig:
    """Sizes of all parts. Pictures are `side` pixels square, latents `side / 2**(levels - 1)`."""

    name: str
    side: int
    latent_channels: int
    vae_channels: tuple[int, ...]
    unet_channels: tuple[int, ...]
    unet_heads: tuple[int, ...]
    text_width: int = 256
    text_layers: int = 3
    text_heads: int = 4
    vision_width: int = 192
    vision_layers: int = 4
    vision_heads: int = 3
    vision_patch: int = 8
    projection: int = 128
    max_tokens: int = 77

    @property
    def latent_side(self) -> int:
        """Side of the latent picture."""
        return self.side >> (len(self.vae_channels) - 1)

    @property
    def coarse(self) -> Self:
        """The same latents from half the side: without the autoencoder's finest level."""
        return replace(self, side=self.side // 2, vae_channels=self.vae_channels[1:])


# A UNet on 16×16 latents is what hours of CPU can train; an autoencoder that shrinks by eight makes
# them pictures of 128 pixels. No attention at the finest level: it would cost half of the time.
LAPTOP = MiniatureConfig(
    name="laptop",
    side=128,
    latent_channels=8,
    vae_channels=(16, 16, 32, 96),
    unet_channels=(64, 128, 192),
    unet_heads=(2, 4, 6),
    vision_patch=16,
)
STUDIO = MiniatureConfig(
    name="studio",
    side=128,
    latent_channels=8,
    vae_channels=(32, 32, 64, 96),
    unet_channels=(96, 192, 256),
    unet_heads=(3, 6, 8),
    vision_patch=16,
)
CONFIGS = {config.name: config for config in (LAPTOP, STUDIO)}
