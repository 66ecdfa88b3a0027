"""Prior preservation: the class as the base model sees it, so that learning one member of it does
not overwrite the rest (Ruiz et al. 2022, arXiv:2208.12242, section 3.2)."""

from collections.abc import Callable

import torch

from training.base import Base
from training.conditioning import Conditioning
from training.sampling import denoise

IMAGES = 12
_STEPS = 20


@torch.no_grad()
def class_latents(
    base: Base,
    caption: Conditioning,
    shape: torch.Size,
    side: int,
    seed: int,
    pause: Callable[[], None],
) -> torch.Tensor:
    """Latents (IMAGES, channels, height, width) of class pictures that the frozen base imagines.

    They are never decoded: training needs no pixels. `pause` is called between steps.
    """
    drawn = torch.randn((IMAGES, *shape), generator=torch.Generator().manual_seed(seed))
    return denoise(base, drawn.to(base.device), caption, None, side, _STEPS, pause=pause)
