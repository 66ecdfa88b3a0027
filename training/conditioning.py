"""What the UNet is told besides the noisy latents: texts, and for SDXL sizes."""

from dataclasses import dataclass

import torch

from contract.base_model import Family
from training.base import Base
from training.subject_token import LearnedToken


@dataclass(frozen=True)
class Conditioning:
    """`hidden` (texts, 77, width); `pooled` (texts, width) for SDXL, else None."""

    hidden: torch.Tensor
    pooled: torch.Tensor | None

    def rows(self, indices: list[int]) -> "Conditioning":
        """Some of the texts, in the order asked for."""
        pooled = None if self.pooled is None else self.pooled[indices]
        return Conditioning(self.hidden[indices], pooled)

    def detached(self) -> "Conditioning":
        """The same without gradients."""
        pooled = None if self.pooled is None else self.pooled.detach()
        return Conditioning(self.hidden.detach(), pooled)

    @staticmethod
    def joined(parts: "list[Conditioning]") -> "Conditioning":
        """Several, one after the other."""
        pooled = [part.pooled for part in parts if part.pooled is not None]
        return Conditioning(
            torch.cat([part.hidden for part in parts]), torch.cat(pooled) if pooled else None
        )


def encode(base: Base, tokens: dict[str, LearnedToken], texts: list[str]) -> Conditioning:
    """Texts as the family's pipeline encodes them, the learned rows laid over."""
    hidden: list[torch.Tensor] = []
    pooled = None
    xl = base.description.family is Family.SDXL
    for token, encoder in zip(tokens.values(), base.text_encoders, strict=True):
        with token.laid_over(token.ids(texts)) as ids:
            output = encoder(ids, output_hidden_states=xl)
        hidden.append(output.hidden_states[-2] if xl else output.last_hidden_state)
        pooled = output.text_embeds if xl and "text_embeds" in output else None
    return Conditioning(torch.cat(hidden, dim=-1), pooled)


def predict(
    base: Base, noisy: torch.Tensor, times: torch.Tensor, told: Conditioning, side: int
) -> torch.Tensor:
    """The UNet's prediction in fp32; `side` is the picture's edge in pixels."""
    extra: dict[str, torch.Tensor] = {}
    dtype = base.unet.dtype
    if told.pooled is not None:
        sizes = torch.tensor([[side, side, 0, 0, side, side]] * len(noisy), device=noisy.device)
        extra = {"text_embeds": told.pooled.to(dtype), "time_ids": sizes.to(dtype)}
    predicted: torch.Tensor = base.unet(
        noisy.to(dtype), times, told.hidden.to(dtype), added_cond_kwargs=extra
    ).sample
    return predicted.float()
