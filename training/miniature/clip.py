"""The image encoder: trained to agree with the finished text encoder, which stays as it is.

Locked-text tuning, the mirror of LiT (Zhai et al. 2022, arXiv:2111.07991): the UNet depends on the
text side, so only the picture side and two projections learn. Heads that must name every trait help
it to see them, and are thrown away afterwards.
"""

import math

import torch
from torch import nn
from torch.nn import functional as nnf
from transformers import (
    CLIPTextModel,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from training.miniature.config import MiniatureConfig
from training.miniature.pictures import Pictures, described
from training.miniature.text import TraitHeads, told, trait_labels
from training.miniature.world import traits_of

_HEADS = 0.5
_TEMPERATURE = 0.07
_LARGEST_SCALE = 100.0


def new_vision(config: MiniatureConfig) -> CLIPVisionModelWithProjection:
    """Untrained, in transformers' own layout."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=config.vision_width,
            intermediate_size=4 * config.vision_width,
            projection_dim=config.projection,
            num_hidden_layers=config.vision_layers,
            num_attention_heads=config.vision_heads,
            image_size=config.side,
            patch_size=config.vision_patch,
        )
    )


class Pair(nn.Module):
    """What learns: the picture side, the text's projection, the scale, and the heads."""

    def __init__(self, config: MiniatureConfig) -> None:
        super().__init__()
        self.vision = new_vision(config)
        self.text_projection = nn.Linear(config.text_width, config.projection, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / _TEMPERATURE)))
        self.image_heads = TraitHeads(config.vision_width)


class ClipStage:
    """Batches of pictures and their captions."""

    def __init__(
        self,
        config: MiniatureConfig,
        pictures: Pictures,
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        device: str,
        batch: int = 64,
    ) -> None:
        self._pair = Pair(config)
        self.module: nn.Module = self._pair.to(device)
        self._text = text_encoder.to(device).eval().requires_grad_(requires_grad=False)
        self._pictures, self._tokenizer = pictures, tokenizer
        self._device, self._batch = device, batch

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """CLIP's symmetric contrast over the batch, and naming of what the pictures show."""
        drawn = self._pictures.draw_numbers(step, self._batch, "clip")
        words, _ = told([int(n) for n in drawn], step)
        shown = [traits_of(*described(int(n))) for n in drawn]
        ids = self._tokenizer(words, padding="longest", truncation=True, return_tensors="pt")
        with torch.no_grad():
            text = self._text(input_ids=ids.input_ids.to(self._device)).pooler_output
        pixels = self._pictures.batch(drawn).to(self._device)
        seen = self._pair.vision(pixel_values=pixels, output_hidden_states=True)
        features = self._pair.vision.vision_model.post_layernorm(seen.hidden_states[-1][:, 0])
        naming, right = self._pair.image_heads.loss(features, trait_labels(shown, self._device))
        contrast, matched = self._contrast(self._pair.text_projection(text), seen.image_embeds)
        return contrast + _HEADS * naming, {
            "image": round(right, 4),
            "matched": round(matched, 4),
            "contrast": round(float(contrast.detach()), 4),
        }

    def _contrast(self, text: torch.Tensor, image: torch.Tensor) -> tuple[torch.Tensor, float]:
        """The loss, and the share of captions that find their picture."""
        a, b = nnf.normalize(text.float(), dim=1), nnf.normalize(image.float(), dim=1)
        scores = a @ b.T * self._pair.logit_scale.exp().clamp(max=_LARGEST_SCALE)
        target = torch.arange(len(text), device=scores.device)
        loss = (nnf.cross_entropy(scores, target) + nnf.cross_entropy(scores.T, target)) / 2
        return loss, float((scores.argmax(1) == target).float().mean())
