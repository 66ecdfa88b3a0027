"""What the denoiser is told besides the noisy latents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from training.base import Base
    from training.subject_token import LearnedToken


@dataclass(frozen=True)
class Conditioning:
    """`hidden` (texts, tokens, width); `pooled` (texts, width) where the family has it."""

    hidden: torch.Tensor
    pooled: torch.Tensor | None

    def rows(self, indices: list[int]) -> Conditioning:
        """Some of the texts, in the order asked for."""
        pooled = None if self.pooled is None else self.pooled[indices]
        return Conditioning(self.hidden[indices], pooled)

    def detached(self) -> Conditioning:
        """The same without gradients."""
        pooled = None if self.pooled is None else self.pooled.detach()
        return Conditioning(self.hidden.detach(), pooled)

    @staticmethod
    def joined(parts: list[Conditioning]) -> Conditioning:
        """Several, one after the other."""
        pooled = [part.pooled for part in parts if part.pooled is not None]
        return Conditioning(
            torch.cat([part.hidden for part in parts]), torch.cat(pooled) if pooled else None
        )


def encode(base: Base, tokens: dict[str, LearnedToken], texts: list[str]) -> Conditioning:
    """Texts as the family's pipeline encodes them, the learned rows laid over."""
    return base.family.encode(base.tokenizers, base.text_encoders, tokens, texts)


def predict(
    base: Base, noisy: torch.Tensor, times: torch.Tensor, told: Conditioning, side: int
) -> torch.Tensor:
    """The denoiser's prediction in fp32; `side` is the picture's edge in pixels."""
    return base.family.predict(base.denoiser, noisy, times, told, side).float()
