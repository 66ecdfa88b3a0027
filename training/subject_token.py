"""The learned word: embeddings that stand where a text says `<subject>` (pivotal tuning).

Gal et al. 2022, arXiv:2208.01618; learned together with LoRA: Cloneofsimo's pivotal tuning.
The text encoder's own table stays as it is: the learned rows are laid over its output.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from training.base import Base


class LearnedToken(nn.Module):
    """One text encoder's rows for the token: parameter `vectors` of shape (count, width), fp32."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        encoder: CLIPTextModel | CLIPTextModelWithProjection,
        token: str,
        class_noun: str,
        count: int,
    ) -> None:
        super().__init__()
        self._tokenizer = tokenizer
        self._vocabulary = len(tokenizer)
        self._token = token
        self._words = [token, *(f"{token[:-1]}_{n}>" for n in range(1, count))]
        tokenizer.add_tokens(self._words, special_tokens=True)
        self._table = encoder.get_input_embeddings()
        noun = tokenizer(class_noun, add_special_tokens=False, return_tensors="pt").input_ids[0]
        start = self._table.weight[noun.to(self._table.weight.device)].float().mean(dim=0)
        self.vectors = nn.Parameter(start.repeat(count, 1))

    def ids(self, texts: list[str]) -> torch.Tensor:
        """Token ids (texts, 77); the learned rows have ids from the vocabulary's size on."""
        spelled = [text.replace(self._token, " ".join(self._words)) for text in texts]
        encoded = self._tokenizer(
            spelled, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        )
        ids: torch.Tensor = encoded.input_ids
        return ids.to(self.vectors.device)

    def left_out(self, text: str) -> str:
        """The text without the token, for an encoder that does not learn it."""
        return " ".join(text.replace(self._token, " ").split())

    @contextmanager
    def laid_over(self, ids: torch.Tensor) -> Iterator[torch.Tensor]:
        """Within, the encoder sees the learned rows at their places in the ids that are yielded.

        Those ids have 0 there: ids above the end marker's would confuse CLIP's pooling.
        """
        learned = ids >= self._vocabulary
        rows = (ids - self._vocabulary).clamp(min=0)

        def lay(_: nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
            return torch.where(learned[..., None], self.vectors[rows].to(output.dtype), output)

        hook = self._table.register_forward_hook(lay)
        try:
            yield ids.masked_fill(learned, 0)
        finally:
            hook.remove()


def learned_tokens(base: Base, token: str, class_noun: str, count: int) -> dict[str, LearnedToken]:
    """One learned token per text encoder that learns, by the adapter file's keys."""
    return {
        key: LearnedToken(tokenizer, encoder, token, class_noun, count)
        for key, tokenizer, encoder in zip(
            base.architecture.token_keys, base.tokenizers, base.text_encoders, strict=False
        )
    }
