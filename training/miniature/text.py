"""The text encoder, taught to name what captions say before it conditions a UNet.

A denoiser alone needs far more pictures than a laptop can draw before "red hair, blue hat" and
"blue hair, red hat" come apart. Linear heads that must name each trait teach that binding from
words only, which is cheap; they go on beside the UNet and are thrown away afterwards.
"""

import torch
from torch import nn
from torch.nn import functional as nnf
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from training.miniature.config import MiniatureConfig
from training.miniature.pictures import caption_of, described
from training.miniature.world import TRAITS, traits_of

NOT_NAMED = -100


def new_text_encoder(config: MiniatureConfig, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Untrained, in transformers' own layout."""
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.text_width,
            intermediate_size=4 * config.text_width,
            projection_dim=config.projection,
            num_hidden_layers=config.text_layers,
            num_attention_heads=config.text_heads,
            max_position_embeddings=config.max_tokens,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    # Tokens start at 0.02, ten times below the positions' useful scale for so short a run.
    nn.init.normal_(model.get_input_embeddings().weight, std=0.1)
    return model


class TraitHeads(nn.ModuleDict):
    """One linear classifier per trait."""

    def __init__(self, width: int) -> None:
        super().__init__({trait: nn.Linear(width, len(values)) for trait, values in TRAITS.items()})

    def loss(
        self, features: torch.Tensor, labels: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, float]:
        """Mean cross-entropy over the traits that have labels, and the share named right."""
        total, right, count = features.new_zeros(()), 0, 0
        for trait, head in self.items():
            given = labels[trait]
            known = given != NOT_NAMED
            if not bool(known.any()):
                continue
            guess = head(features[known]).float()
            total = total + nnf.cross_entropy(guess, given[known]) / len(TRAITS)
            right += int((guess.argmax(1) == given[known]).sum())
            count += int(known.sum())
        return total, right / max(1, count)


class TextStage:
    """Captions, and the traits that they name."""

    def __init__(
        self, config: MiniatureConfig, count: int, tokenizer: CLIPTokenizer, device: str, batch: int
    ) -> None:
        self._encoder = new_text_encoder(config, tokenizer)
        self._heads = TraitHeads(config.text_width)
        self.module: nn.Module = nn.ModuleDict(
            {"text_encoder": self._encoder, "text_heads": self._heads}
        ).to(device)
        self._count, self._tokenizer, self._device, self._batch = count, tokenizer, device, batch

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """Cross-entropy of the named traits, read where the caption ends."""
        generator = torch.Generator().manual_seed(step)
        numbers = torch.randint(0, self._count, (self._batch,), generator=generator).tolist()
        words, said = told(numbers, step)
        ids = self._tokenizer(words, padding="longest", truncation=True, return_tensors="pt")
        pooled = self._encoder(input_ids=ids.input_ids.to(self._device)).pooler_output
        loss, right = self._heads.loss(pooled, trait_labels(said, self._device))
        return loss, {"right": round(right, 4)}


def told(numbers: list[int], variant: int) -> tuple[list[str], list[dict[str, str]]]:
    """Captions of pictures, and the traits that each names with their values."""
    captions = [caption_of(number, variant) for number in numbers]
    shown = [traits_of(*described(number)) for number in numbers]
    named = [
        {trait: value for trait, value in every.items() if trait in caption.named}
        for every, caption in zip(shown, captions, strict=True)
    ]
    return [caption.text for caption in captions], named


def trait_labels(rows: list[dict[str, str]], device: str) -> dict[str, torch.Tensor]:
    """Class numbers per trait, shape (n,), −100 where a row has no value."""
    return {
        trait: torch.tensor(
            [values.index(row[trait]) if trait in row else NOT_NAMED for row in rows],
            device=device,
        )
        for trait, values in TRAITS.items()
    }
