"""How large the miniature is. `laptop` fits CPU hours, `studio` a GPU; the code is the same."""

from dataclasses import dataclass


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


# Measured on one shared core with AMX, bfloat16: at 128 pixels an autoencoder (16, 32, 64, 128)
# learns from 11 pictures a second, at 64 pixels (16, 32, 96) from 44, (32, 64, 128) from 31. The
# UNet learns from 59, or 39 with the studio's channels, or 27 with attention at its finest level.
# Hours of CPU therefore go to 64 pixels.
LAPTOP = MiniatureConfig(
    name="laptop",
    side=64,
    latent_channels=8,
    vae_channels=(16, 32, 96),
    unet_channels=(64, 128, 192),
    unet_heads=(2, 4, 6),
)
STUDIO = MiniatureConfig(
    name="studio",
    side=128,
    latent_channels=8,
    vae_channels=(32, 64, 96, 96),
    unet_channels=(96, 192, 256),
    unet_heads=(3, 6, 8),
    vision_patch=16,
)
CONFIGS = {config.name: config for config in (LAPTOP, STUDIO)}
