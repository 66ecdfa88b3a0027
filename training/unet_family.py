"""Stable Diffusion 1, 2 and XL: a UNet that is told CLIP's texts and, for XL, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from training.conditioning import Conditioning
from training.noise import Diffusion

if TYPE_CHECKING:
    from training.subject_token import LearnedToken


class UNetFamily:
    """One text encoder, or XL's two: the second's pooled text then joins the sizes."""

    denoiser_class = UNet2DConditionModel
    encoder_classes = (CLIPTextModel, CLIPTextModelWithProjection)
    tokenizer_classes = (CLIPTokenizer, CLIPTokenizer)
    scheduler_class = DDIMScheduler

    def noise(self, scheduler: DDIMScheduler) -> Diffusion:
        """See DenoiserFamily."""
        return Diffusion(scheduler)

    def encode(
        self,
        _: Sequence[object],
        encoders: Sequence[torch.nn.Module],
        tokens: dict[str, LearnedToken],
        texts: list[str],
    ) -> Conditioning:
        """Hidden states (texts, 77, width); XL's are the last but one, side by side."""
        hidden: list[torch.Tensor] = []
        pooled = None
        xl = len(encoders) > 1
        for token, encoder in zip(tokens.values(), encoders, strict=True):
            with token.laid_over(token.ids(texts)) as ids:
                output = encoder(ids, output_hidden_states=xl)
            hidden.append(output.hidden_states[-2] if xl else output.last_hidden_state)
            pooled = output.text_embeds if xl and "text_embeds" in output else None
        return Conditioning(torch.cat(hidden, dim=-1), pooled)

    def predict(
        self,
        denoiser: UNet2DConditionModel,
        noisy: torch.Tensor,
        times: torch.Tensor,
        told: Conditioning,
        side: int,
    ) -> torch.Tensor:
        """XL is told that the picture is whole: original and wanted size alike, nothing cropped."""
        extra: dict[str, torch.Tensor] = {}
        dtype = denoiser.conv_in.weight.dtype  # denoiser.dtype goes through all modules
        if told.pooled is not None:
            sizes = torch.tensor([[side, side, 0, 0, side, side]] * len(noisy), device=noisy.device)
            extra = {"text_embeds": told.pooled.to(dtype), "time_ids": sizes.to(dtype)}
        predicted: torch.Tensor = denoiser(
            noisy.to(dtype), times, told.hidden.to(dtype), added_cond_kwargs=extra
        ).sample
        return predicted
