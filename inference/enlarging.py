"""Pictures at two or four times their size: Lanczos, then details that fit the prompt.

The large picture is given a little noise and denoised in tiles of the size that the base was
trained on; each step blends the tiles' answers, so that no seam can form. What that changed is
added to Lanczos' picture: the way through the autoencoder costs no detail.
"""

import numpy as np
import torch
from PIL import Image

from inference.canvas import Pixels
from inference.denoising import Denoiser
from inference.latent_space import LatentSpace, as_levels
from inference.schedule import Schedule
from inference.tiling import Tiling

# Share of the schedule; chosen with `python -m benchmarks.upscaling` (docs/04-serving.md).
NOISE = 0.15
_OVERLAP = 4  # a fourth of a tile is shared with its neighbour


class Enlarger:
    """Works on one base's latents."""

    def __init__(self, space: LatentSpace, tile: int) -> None:
        """`tile`: side of a tile in latents, the size that the UNet was trained on."""
        self._space, self._tile = space, tile

    def enlarged(
        self,
        pixels: Pixels,
        factor: int,
        denoiser: Denoiser,
        schedule: Schedule,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """(3, factor · height, factor · width) in 0…1. Raises what the denoiser does."""
        height, width = (factor * side for side in pixels.shape[:2])
        space, scale = self._space, self._space.scale
        plane = (height // scale, width // scale)
        tiling = Tiling.over(plane, self._tile, self._tile // _OVERLAP)
        of_pixels = tiling.times(scale)
        levels = as_levels(lanczos(pixels, factor))
        noise = space.noise(width, height, generator)
        before = tiling.blended(space.encode(part) for part in of_pixels.cut(levels))
        before = before.to(noise.dtype)
        after = denoiser.run(schedule, before, noise, generator, tiling=tiling)
        old, new = (
            of_pixels.blended(space.decode(part) for part in tiling.cut(latents))
            for latents in (before, after)
        )
        return ((levels[0].to(new.device) + 1) / 2 + new - old).clamp(0, 1)


def lanczos(pixels: Pixels, factor: int) -> Pixels:
    """Enlarged without a model."""
    height, width = pixels.shape[:2]
    picture = Image.fromarray(pixels)
    return np.asarray(picture.resize((factor * width, factor * height), Image.Resampling.LANCZOS))
