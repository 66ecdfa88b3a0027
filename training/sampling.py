"""Making pictures during training: to measure, and to imagine the class."""

from collections.abc import Callable

import torch

from training.base import Base
from training.conditioning import Conditioning, predict


@torch.no_grad()
def denoise(
    base: Base,
    noise: torch.Tensor,
    told: Conditioning,
    untold: Conditioning | None,
    side: int,
    steps: int,
    *,
    guidance: float = 1.0,
    pause: Callable[[], None],
) -> torch.Tensor:
    """Euler's steps (DDIM is that for diffusion) from `noise` (n, c, h, w).

    Told one text for all or one for each; `untold` is the empty text for guidance above 1.
    """
    scheduler = base.noise.scheduler
    scheduler.set_timesteps(steps, device=noise.device)
    latents = noise
    rows = [number % len(told.hidden) for number in range(len(noise))]
    unsaid_rows = [0] * len(noise)
    for time in scheduler.timesteps:
        pause()
        times = time.expand(len(noise))
        said = predict(base, latents, times, told.rows(rows), side)
        if untold is not None:
            unsaid = predict(base, latents, times, untold.rows(unsaid_rows), side)
            said = unsaid + guidance * (said - unsaid)
        latents = scheduler.step(said, time, latents).prev_sample
    return latents
