"""The CLIP pair: text and image encoder trained to agree, helped by naming traits.

Contrast alone needs far more pairs than a laptop can draw before "red hair, blue hat" and "blue
hair, red hat" come apart; two linear heads that must name each trait teach that binding directly.
The heads are thrown away afterwards.
"""

import torch
from torch import nn
from torch.nn import functional as nnf
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTokenizer, CLIPVisionConfig

from training.miniature.config import MiniatureConfig
from training.miniature.pictures import Pictures, caption_of, described
from training.miniature.world import TRAITS, traits_of

_NOT_NAMED = -100
_TEXT_HEADS, _IMAGE_HEADS = 0.5, 0.5


def new_clip(config: MiniatureConfig, tokenizer: CLIPTokenizer) -> CLIPModel:
    """Untrained, in transformers' own layout."""
    text = CLIPTextConfig(
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
    vision = CLIPVisionConfig(
        hidden_size=config.vision_width,
        intermediate_size=4 * config.vision_width,
        projection_dim=config.projection,
        num_hidden_layers=config.vision_layers,
        num_attention_heads=config.vision_heads,
        image_size=config.side,
        patch_size=config.vision_patch,
    )
    model = CLIPModel(
        CLIPConfig(text_config=text, vision_config=vision, projection_dim=config.projection)
    )
    # Tokens start at 0.02, ten times below the positions' useful scale for so short a run.
    nn.init.normal_(model.text_model.embeddings.token_embedding.weight, std=0.1)
    return model


class _Heads(nn.ModuleDict):
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
            known = given != _NOT_NAMED
            if not bool(known.any()):
                continue
            guess = head(features[known]).float()
            total = total + nnf.cross_entropy(guess, given[known]) / len(TRAITS)
            right += int((guess.argmax(1) == given[known]).sum())
            count += int(known.sum())
        return total, right / max(1, count)


class ClipStage:
    """Batches of captions and, mostly, their pictures."""

    def __init__(
        self,
        config: MiniatureConfig,
        pictures: Pictures,
        tokenizer: CLIPTokenizer,
        device: str,
        batch: int = 64,
    ) -> None:
        self._clip = new_clip(config, tokenizer)
        self._text_heads = _Heads(config.text_width)
        self._image_heads = _Heads(config.vision_width)
        parts = {
            "clip": self._clip,
            "text_heads": self._text_heads,
            "image_heads": self._image_heads,
        }
        self.module: nn.Module = nn.ModuleDict(parts).to(device)
        self._pictures, self._tokenizer = pictures, tokenizer
        self._device, self._batch = device, batch

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """Every other step words only: they are cheap, and binding is learned there."""
        drawn = self._pictures.draw_numbers(step, self._batch, "clip")
        numbers = [int(n) for n in drawn]
        captions = [caption_of(n, step) for n in numbers]
        ids = self._tokenizer(
            [c.text for c in captions], padding="longest", truncation=True, return_tensors="pt"
        ).input_ids.to(self._device)
        text = self._clip.text_model(input_ids=ids).pooler_output
        shown = [traits_of(*described(n)) for n in numbers]
        said = [
            {t: v for t, v in all_.items() if t in c.named}
            for all_, c in zip(shown, captions, strict=True)
        ]
        text_loss, text_right = self._text_heads.loss(text, trait_labels(said, self._device))
        if step % 2 == 0:
            return _TEXT_HEADS * text_loss, {"text": round(text_right, 4)}
        pixels = self._pictures.batch(drawn).to(self._device)
        image = self._clip.vision_model(pixel_values=pixels).pooler_output
        image_loss, image_right = self._image_heads.loss(image, trait_labels(shown, self._device))
        contrast, matched = self._contrast(text, image)
        numbers_out = {
            "text": round(text_right, 4),
            "image": round(image_right, 4),
            "matched": round(matched, 4),
            "contrast": round(float(contrast.detach()), 4),
        }
        return contrast + _TEXT_HEADS * text_loss + _IMAGE_HEADS * image_loss, numbers_out

    def _contrast(self, text: torch.Tensor, image: torch.Tensor) -> tuple[torch.Tensor, float]:
        """CLIP's symmetric loss over the batch, and the share of captions that find theirs."""
        a = nnf.normalize(self._clip.text_projection(text).float(), dim=1)
        b = nnf.normalize(self._clip.visual_projection(image).float(), dim=1)
        scores = a @ b.T * self._clip.logit_scale.exp().clamp(max=100)
        target = torch.arange(len(text), device=scores.device)
        loss = (nnf.cross_entropy(scores, target) + nnf.cross_entropy(scores.T, target)) / 2
        return loss, float((scores.argmax(1) == target).float().mean())


def trait_labels(rows: list[dict[str, str]], device: str) -> dict[str, torch.Tensor]:
    """Class numbers per trait, shape (n,), −100 where a row has no value."""
    return {
        trait: torch.tensor(
            [values.index(row[trait]) if trait in row else _NOT_NAMED for row in rows],
            device=device,
        )
        for trait, values in TRAITS.items()
    }
