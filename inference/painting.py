"""One sample of a request: drawn, repainted, enlarged, or several of these one after the other."""

import torch
from diffusers import SchedulerMixin

from contract.generation import GenerationRequest
from inference.base import Base
from inference.canvas import Canvas, Pixels
from inference.denoising import Denoiser, Guidance, Kept, Watch
from inference.enlarging import NOISE, Enlarger, Hands
from inference.few_step import few_step_scheduler
from inference.latent_space import LatentSpace, as_levels, as_pixels
from inference.samplers import scheduler_for
from inference.schedule import Schedule


class Painter:
    """The base model as a maker of pictures, whatever adapter is in place."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._noise_schedule = base.pipeline.scheduler
        self._space = LatentSpace(base)
        self._enlarger = Enlarger(self._space, _native_side(base), base.doubler)

    def painted(
        self,
        request: GenerationRequest,
        canvas: Canvas | None,
        seed: int,
        guidance: Guidance,
        watch: Watch,
    ) -> Pixels | None:
        """By itself, so that a seed gives the same picture alone or among others.

        None if a pixel is no number. Raises what `watch` does.
        """
        # On the CPU on every machine: the seed, not the GPU, decides the picture.
        generator = torch.Generator("cpu").manual_seed(seed)
        denoiser = Denoiser(self._base, guidance, watch)
        if request.upscale is None:
            return self._drawn(request, canvas, denoiser, generator)
        hands = Hands(
            denoiser,
            Denoiser(self._base, guidance.silent, watch),
            lambda: self._schedule(request, noise_start=NOISE),
        )
        if canvas is not None and canvas.repainted is None:
            # A source that is only enlarged is not drawn anew first.
            return self._enlarged(canvas.pixels, request.upscale, hands, generator)
        drawn = self._drawn(request, canvas, denoiser, generator)
        if drawn is None:
            return None
        return self._enlarged(drawn, request.upscale, hands, generator)

    def _drawn(
        self,
        request: GenerationRequest,
        canvas: Canvas | None,
        denoiser: Denoiser,
        generator: torch.Generator,
    ) -> Pixels | None:
        width, height = (request.width, request.height) if canvas is None else canvas.size
        noise = self._space.noise(width, height, generator)
        if request.source is None or canvas is None:
            latents = denoiser.run(self._schedule(request), None, noise, generator)
            return _finite(self._space.decode(latents))
        schedule = self._schedule(
            request, noise_start=request.source.noise_start, noise_end=request.source.noise_end
        )
        clean = self._space.encode(as_levels(canvas.pixels))
        kept = None
        if canvas.repainted is not None:
            kept = Kept(clean, self._space.touched(canvas.repainted))
        latents = denoiser.run(schedule, clean, noise, generator, kept=kept)
        drawn = _finite(self._space.decode(latents))
        return drawn if drawn is None else canvas.composed(drawn)

    def _enlarged(
        self, small: Pixels, factor: int, hands: Hands, generator: torch.Generator
    ) -> Pixels | None:
        return _finite(self._enlarger.enlarged(small, factor, hands, generator))

    def _schedule(
        self, request: GenerationRequest, *, noise_start: float = 1.0, noise_end: float = 0.0
    ) -> Schedule:
        # From the base model's own schedule: one sampler's settings must not reach the next.
        return Schedule(
            self._sampler(request),
            request.steps,
            self._base.unet.device,
            noise_start=noise_start,
            noise_end=noise_end,
        )

    def _sampler(self, request: GenerationRequest) -> SchedulerMixin:
        if request.few_step and self._base.few_step is not None:
            return few_step_scheduler(self._base.few_step.tier, self._noise_schedule)
        return scheduler_for(request.sampler, self._noise_schedule)


def _native_side(base: Base) -> int:
    side = base.unet.config.sample_size
    return side if isinstance(side, int) else min(side)


def _finite(shown: torch.Tensor) -> Pixels | None:
    return as_pixels(shown) if bool(torch.isfinite(shown).all()) else None
