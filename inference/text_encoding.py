"""Weighted texts as one conditioning: the weighted mean of their embeddings."""

from dataclasses import dataclass

import torch

from contract.generation import Prompt
from inference.base import Base
from inference.subject_word import SubjectWord, spelled


@dataclass(frozen=True)
class Encoded:
    """`hidden` (1, 77, width); `pooled` (1, width) for SDXL, else None."""

    hidden: torch.Tensor
    pooled: torch.Tensor | None


class TextEncoding:
    """The base model's text side; the learned word's rows are given with each call."""

    def __init__(self, base: Base) -> None:
        self._xl = base.is_xl
        self._words = [
            SubjectWord(tokenizer, encoder)
            for tokenizer, encoder in zip(base.tokenizers, base.text_encoders, strict=True)
        ]
        self._nothing: Encoded | None = None

    @property
    def widths(self) -> list[int]:
        """Embedding widths, by encoder."""
        return [word.width for word in self._words]

    @torch.no_grad()
    def encode(self, prompts: tuple[Prompt, ...], vectors: list[torch.Tensor] | None) -> Encoded:
        """Blend prompts by weight (all positive); `vectors` of the adapter, or None for none.

        Each text is encoded by itself, so a text's embedding never depends on its neighbours.
        """
        total = sum(prompt.weight for prompt in prompts)
        parts = [self._one(prompt.text, vectors) for prompt in prompts]
        if len(parts) == 1:
            return parts[0]
        shares = [prompt.weight / total for prompt in prompts]
        hidden = torch.stack([s * p.hidden for s, p in zip(shares, parts, strict=True)]).sum(0)
        pooled = [s * p.pooled for s, p in zip(shares, parts, strict=True) if p.pooled is not None]
        return Encoded(hidden, torch.stack(pooled).sum(0) if pooled else None)

    def _one(self, text: str, vectors: list[torch.Tensor] | None) -> Encoded:
        if text:
            return self._encoded(text, vectors)
        # What is unwanted by default, always the same; no other text outlives its request.
        if self._nothing is None:
            self._nothing = self._encoded("", None)
        return self._nothing

    def _encoded(self, text: str, vectors: list[torch.Tensor] | None) -> Encoded:
        hidden: list[torch.Tensor] = []
        pooled = None
        for index, word in enumerate(self._words):
            rows = None if vectors is None else vectors[index]
            inner = spelled(text, 0 if rows is None else len(rows))
            states, pooled = word.encode([inner], rows, penultimate=self._xl)
            hidden.append(states)
        return Encoded(torch.cat(hidden, dim=-1), pooled if self._xl else None)
