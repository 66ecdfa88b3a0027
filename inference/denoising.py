"""The loop that all ways of generating share: the UNet, guidance, and a sampler's steps.

The UNet sees the whole of the latents, or tiles of them whose answers are blended (MultiDiffusion:
Bar-Tal et al. 2023, arXiv:2302.08113).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers import UNet2DConditionModel

from inference.base import Base
from inference.schedule import Schedule
from inference.text_encoding import Encoded
from inference.tiling import Tiling

Watch = Callable[[], None]
"""Called before each evaluation of the UNet; raises ServingError to end the generation."""


@dataclass(frozen=True)
class Guidance:
    """Texts, and how far to go from the unwanted to the wanted; `scale` up to 1 is without."""

    wanted: Encoded
    unwanted: Encoded
    scale: float

    @property
    def sides(self) -> list[Encoded]:
        """What the UNet is told, in order."""
        return [self.unwanted, self.wanted] if self.scale > 1 else [self.wanted]

    @property
    def silent(self) -> "Guidance":
        """As if nothing was asked for."""
        return Guidance(self.unwanted, self.unwanted, 1.0)


@dataclass(frozen=True)
class Kept:
    """What must come out as it is: clean latents, and where (1, 1, h, w) they may change."""

    latents: torch.Tensor
    repainted: torch.Tensor


class Denoiser:
    """The UNet under one request's guidance."""

    def __init__(self, base: Base, guidance: Guidance, watch: Watch) -> None:
        self._unet: UNet2DConditionModel = base.unet
        self._scale: int = base.pipeline.vae_scale_factor
        self._guidance, self._watch = guidance, watch
        sides = guidance.sides
        self._hidden = torch.cat([side.hidden for side in sides])
        pooled = [side.pooled for side in sides if side.pooled is not None]
        self._pooled = torch.cat(pooled) if pooled else None

    @torch.no_grad()
    def run(
        self,
        schedule: Schedule,
        clean: torch.Tensor | None,
        noise: torch.Tensor,
        generator: torch.Generator,
        *,
        kept: Kept | None = None,
        tiling: Tiling | None = None,
    ) -> torch.Tensor:
        """From `clean` latents, or none, with `noise` to clean latents. Raises what `watch` does.

        Where `kept` says so, each step's latents are replaced by the kept ones with that step's
        noise (as StableDiffusionInpaintPipeline does for a UNet that was not made for it).
        """
        latents = schedule.begun(clean, noise)
        for index, time in enumerate(schedule.times):
            said = self._said(schedule.scaled(latents, time), time, tiling)
            latents = schedule.stepped(said, time, latents, generator)
            if kept is not None:
                ahead = schedule.times[index + 1 : index + 2]
                after = ahead[0] if len(ahead) else schedule.rest
                latents = self._held(kept, latents, noise, schedule, after)
        if schedule.rest is None:
            return latents
        scaled = schedule.scaled(latents, schedule.rest)
        clear = schedule.cleared(self._said(scaled, schedule.rest, tiling), schedule.rest, scaled)
        return clear if kept is None else self._held(kept, clear, noise, schedule, None)

    @staticmethod
    def _held(
        kept: Kept,
        latents: torch.Tensor,
        noise: torch.Tensor,
        schedule: Schedule,
        time: torch.Tensor | None,
    ) -> torch.Tensor:
        own = kept.latents if time is None else schedule.noised(kept.latents, noise, time)
        return (1 - kept.repainted) * own + kept.repainted * latents

    def _said(
        self, scaled: torch.Tensor, time: torch.Tensor, tiling: Tiling | None
    ) -> torch.Tensor:
        if tiling is None:
            return self._guided(scaled, time)
        blended = tiling.blended(self._guided(tile, time) for tile in tiling.cut(scaled))
        return blended.to(scaled.dtype)

    def _guided(self, scaled: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        self._watch()
        count = len(self._hidden)
        said: torch.Tensor = self._unet(
            torch.cat([scaled] * count),
            time,
            encoder_hidden_states=self._hidden,
            added_cond_kwargs=self._sizes(scaled),
            return_dict=False,
        )[0]
        if count == 1:
            return said
        unwanted, wanted = said.chunk(2)
        return unwanted + self._guidance.scale * (wanted - unwanted)

    def _sizes(self, scaled: torch.Tensor) -> dict[str, torch.Tensor] | None:
        """SDXL is told the size that a picture had, its crop, and the size to draw."""
        if self._pooled is None:
            return None
        size = [side * self._scale for side in scaled.shape[2:]]
        told = torch.tensor([[*size, 0, 0, *size]], dtype=self._hidden.dtype)
        told = told.to(scaled.device).repeat(len(self._hidden), 1)
        return {"text_embeds": self._pooled, "time_ids": told}
