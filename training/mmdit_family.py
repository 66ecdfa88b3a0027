"""Stable Diffusion 3 and 3.5: a transformer over picture and text together (MMDiT).

Esser et al. 2024, arXiv:2403.03206. Two CLIP encoders learn the subject's word; T5 reads the text
without it. Gradients through T5-XXL's 4.7 billion weights would cost more than all the rest, and
the two words together with LoRA are enough to name a subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel
from torch.nn import functional as nnf
from transformers import CLIPTextModelWithProjection, CLIPTokenizer, T5EncoderModel, T5Tokenizer

from training.conditioning import Conditioning
from training.noise import FlowMatching

if TYPE_CHECKING:
    from training.subject_token import LearnedToken

T5_TOKENS = 256  # max_sequence_length of diffusers' pipeline, whose padding is read along


class MMDiTFamily:
    """Remembers what T5 said: its texts never change during a training."""

    denoiser_class = SD3Transformer2DModel
    encoder_classes = (CLIPTextModelWithProjection, CLIPTextModelWithProjection, T5EncoderModel)
    tokenizer_classes = (CLIPTokenizer, CLIPTokenizer, T5Tokenizer)
    scheduler_class = FlowMatchEulerDiscreteScheduler

    def __init__(self) -> None:
        self._read: dict[str, torch.Tensor] = {}

    def noise(self, scheduler: FlowMatchEulerDiscreteScheduler) -> FlowMatching:
        """See DenoiserFamily."""
        return FlowMatching(scheduler)

    def encode(
        self,
        tokenizers: Sequence[T5Tokenizer],
        encoders: Sequence[torch.nn.Module],
        tokens: dict[str, LearnedToken],
        texts: list[str],
    ) -> Conditioning:
        """Hidden states (texts, 77 + 256, T5's width): CLIP's, filled up with zeros, then T5's.

        Pooled: both CLIP encoders' projections, side by side.
        """
        hidden: list[torch.Tensor] = []
        pooled: list[torch.Tensor] = []
        for token, encoder in zip(tokens.values(), encoders[:-1], strict=True):
            with token.laid_over(token.ids(texts)) as ids:
                output = encoder(ids, output_hidden_states=True)
            hidden.append(output.hidden_states[-2])
            pooled.append(output.text_embeds)
        clip = torch.cat(hidden, dim=-1)
        plain = [next(iter(tokens.values())).left_out(text) for text in texts]
        read = self._t5(tokenizers[-1], encoders[-1], plain).to(clip.dtype)
        clip = nnf.pad(clip, (0, read.shape[-1] - clip.shape[-1]))
        return Conditioning(torch.cat([clip, read], dim=-2), torch.cat(pooled, dim=-1))

    @torch.no_grad()
    def _t5(
        self, tokenizer: T5Tokenizer, encoder: torch.nn.Module, texts: list[str]
    ) -> torch.Tensor:
        for text in texts:
            if text not in self._read:
                ids = tokenizer(
                    [text],
                    padding="max_length",
                    max_length=T5_TOKENS,
                    truncation=True,
                    return_tensors="pt",
                ).input_ids
                self._read[text] = encoder(ids.to(encoder.device))[0]
        return torch.cat([self._read[text] for text in texts])

    def predict(
        self,
        denoiser: SD3Transformer2DModel,
        noisy: torch.Tensor,
        times: torch.Tensor,
        told: Conditioning,
        _: int,
    ) -> torch.Tensor:
        """The transformer cuts the latents into patches itself."""
        if told.pooled is None:
            raise ValueError("the texts were not encoded for this family")
        dtype = denoiser.proj_out.weight.dtype  # denoiser.dtype goes through all modules
        predicted: torch.Tensor = denoiser(
            hidden_states=noisy.to(dtype),
            timestep=times,
            encoder_hidden_states=told.hidden.to(dtype),
            pooled_projections=told.pooled.to(dtype),
        ).sample
        return predicted
