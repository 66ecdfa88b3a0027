"""The learned word at the endpoint: rows laid over a text encoder's embeddings.

Inside, the word is spelled with private-use characters that are taken out of every text that comes
from outside, so that no text can call up rows that were not meant for it.
"""

import torch
from torch import nn
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from contract.adapter import MAX_TOKEN_VECTORS
from contract.subject_phrase import SUBJECT_TOKEN

_WORDS = [chr(0xE000 + n) for n in range(MAX_TOKEN_VECTORS)]
_NEUTRAL = "subject"  # what the word means where no adapter is given


def spelled(text: str, vectors: int) -> str:
    """The text with `<subject>` as `vectors` inner words; 0: as an ordinary word."""
    clean = "".join(character for character in text if character not in _WORDS)
    return clean.replace(SUBJECT_TOKEN, " ".join(_WORDS[:vectors]) if vectors else _NEUTRAL)


class SubjectWord:
    """One text encoder's learned rows. The encoder itself is never changed."""

    def __init__(
        self, tokenizer: CLIPTokenizer, encoder: CLIPTextModel | CLIPTextModelWithProjection
    ) -> None:
        self._tokenizer = tokenizer
        self._encoder = encoder
        self._vocabulary = len(tokenizer)
        tokenizer.add_tokens(_WORDS, special_tokens=True)
        self._table: nn.Embedding = encoder.get_input_embeddings()

    @property
    def width(self) -> int:
        """The embeddings' width."""
        return int(self._table.weight.shape[1])

    def encode(
        self, texts: list[str], vectors: torch.Tensor | None, *, penultimate: bool
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Hidden states (texts, 77, width) and, where the encoder has it, the pooled projection.

        `vectors` (rows, width) stand for the inner words. Ids of inner words become 0 before they
        enter the encoder: ids above the end marker's would confuse CLIP's pooling.
        """
        ids = self._tokenizer(
            texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        ).input_ids.to(self._encoder.device)
        learned = ids >= self._vocabulary
        rows = (ids - self._vocabulary).clamp(min=0)

        def lay(_: nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
            if vectors is None:
                return output
            table = vectors.to(output.device, output.dtype)
            return torch.where(learned[..., None], table[rows], output)

        hook = self._table.register_forward_hook(lay)
        try:
            output = self._encoder(ids.masked_fill(learned, 0), output_hidden_states=penultimate)
        finally:
            hook.remove()
        hidden = output.hidden_states[-2] if penultimate else output.last_hidden_state
        return hidden, output.get("text_embeds")
