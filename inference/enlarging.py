"""Pictures at two or four times their size, guided by the prompt.

With a doubler, that draws what reducing took away. What the words ask for is found where they mean
the whole picture, at the size that the base was trained on: it is given a little noise and denoised
twice, with the words and without them. Whatever the base does to any picture is in both; their
difference is what the words change, and is added.

Without a doubler, details come from the base itself: Lanczos' picture gets a little noise and is
denoised in tiles of that size; each step blends the tiles' answers, so that no seam can form. What
that changed is added to Lanczos' picture: the way through the autoencoder costs no detail.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as nnf

from inference.canvas import Pixels
from inference.denoising import Denoiser
from inference.doubling import DoublerNetwork, doubled
from inference.latent_space import LatentSpace, as_levels
from inference.schedule import Schedule
from inference.tiling import Tiling

# Share of the schedule; chosen with `python -m benchmarks.upscaling` (docs/04-serving.md).
NOISE = 0.15
# Of what the words change. All of it moves a picture further from what it was than a doubler brings
# it nearer, by the image encoder's measure.
_SHARE = 0.5
_OVERLAP = 4  # a fourth of a tile is shared with its neighbour


@dataclass(frozen=True)
class Hands:
    """One request's ways of denoising: `worded` under guidance, `silent` as if nothing was asked.

    `schedule` begins a new run; samplers remember where they are.
    """

    worded: Denoiser
    silent: Denoiser
    schedule: Callable[[], Schedule]


class Enlarger:
    """Works on one base's latents."""

    def __init__(self, space: LatentSpace, tile: int, doubler: DoublerNetwork | None) -> None:
        """`tile`: side in latents that the UNet was trained on."""
        self._space, self._tile, self._doubler = space, tile, doubler

    def enlarged(
        self, pixels: Pixels, factor: int, hands: Hands, generator: torch.Generator
    ) -> torch.Tensor:
        """(3, factor · height, factor · width) in 0…1. Raises what the denoisers do."""
        if self._doubler is None:
            return self._in_tiles(pixels, factor, hands, generator)
        large = as_levels(pixels)
        for _ in range(round(math.log2(factor))):
            large = doubled(self._doubler, large)
        asked = self._asked(large, hands, generator)
        shown: torch.Tensor = (large[0] + 1) / 2 + asked.to(large.device)
        return shown.clamp(0, 1)

    def _asked(self, large: torch.Tensor, hands: Hands, generator: torch.Generator) -> torch.Tensor:
        """What the words change of (1, 3, height, width): (3, height, width), 0 for nothing."""
        height, width = self._native(large)
        noise = self._space.noise(width, height, generator)
        native = nnf.interpolate(
            large, size=(height, width), mode="bicubic", align_corners=False, antialias=True
        )
        before = self._space.encode(native.clamp(-1, 1))
        # Samplers that draw noise on the way draw the same for both.
        again = torch.Generator(generator.device).set_state(generator.get_state())
        worded = hands.worded.run(hands.schedule(), before, noise, generator)
        silent = hands.silent.run(hands.schedule(), before, noise, again)
        change = (self._space.decode(worded) - self._space.decode(silent)).float()[None]
        return (
            _SHARE
            * nnf.interpolate(change, large.shape[-2:], mode="bicubic", align_corners=False)[0]
        )

    def _native(self, large: torch.Tensor) -> tuple[int, int]:
        """Height and width in pixels: the picture's shape, the area that the UNet knows."""
        height, width = large.shape[-2:]
        shrink = self._tile / math.sqrt(height * width)
        scale = self._space.scale
        rows, columns = (max(1, round(side * shrink)) for side in (height, width))
        return rows * scale, columns * scale

    def _in_tiles(
        self, pixels: Pixels, factor: int, hands: Hands, generator: torch.Generator
    ) -> torch.Tensor:
        height, width = (factor * side for side in pixels.shape[:2])
        space, scale = self._space, self._space.scale
        plane = (height // scale, width // scale)
        tiling = Tiling.over(plane, self._tile, self._tile // _OVERLAP)
        of_pixels = tiling.times(scale)
        levels = as_levels(lanczos(pixels, factor))
        noise = space.noise(width, height, generator)
        before = tiling.blended(space.encode(part) for part in of_pixels.cut(levels))
        before = before.to(noise.dtype)
        after = hands.worded.run(hands.schedule(), before, noise, generator, tiling=tiling)
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
