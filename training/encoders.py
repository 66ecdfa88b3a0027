"""How alike two pictures are, and how well a picture fits a text: the port and two answers to it.

`ClipPair` is the real measure: a contrastive pair of encoders beside the base model's parts, in a
folder `clip/`. A base that ships none is measured by `LowFrequencies`, which sees layout and
colours only and knows no texts. Manifests name which of them was used.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file
from torch.nn import functional as nnf
from transformers import CLIPTextModelWithProjection, CLIPVisionModelWithProjection

from contract.measuring import MEASURING_FOLDER, PIXELS_FILE, PROJECTION_FILE
from contract.training_failure import FailureCode
from training.base import Base
from training.errors import TrainingError

_PROJECTION = "text_projection.weight"
_GRID = 8  # low frequencies: a picture as 8×8 mean colours


class Encoder(Protocol):
    """Turns pictures, and perhaps texts, into vectors that can be compared."""

    @property
    def name(self) -> str:
        """What a manifest calls this measure."""
        ...

    def images(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, 3, side, side) in −1…1 to (n, width) on the CPU."""
        ...

    def texts(self, texts: Sequence[str]) -> torch.Tensor | None:
        """(n, width), comparable with pictures; None if this measure knows no texts."""
        ...

    def similarity(self, some: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """(n, m): every one of (n, width) with every one of (m, width); 1 is the same."""
        ...


def encoder_for(folder: Path, base: Base) -> Encoder:
    """The pair of the base model in `folder`, or what does without one."""
    if not (folder / MEASURING_FOLDER).is_dir():
        return LowFrequencies()
    try:
        return ClipPair(folder / MEASURING_FOLDER, base)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise TrainingError(
            FailureCode.BASE_MODEL_INVALID,
            f"The base model's {MEASURING_FOLDER}/ cannot be used: {type(error).__name__}.",
        ) from error


class ClipPair:
    """CLIP (Radford et al. 2021, arXiv:2103.00020): cosines of projected pictures and texts.

    `clip/` holds a vision model in transformers' layout, the projection of the base's first text
    encoder (`text_projection.safetensors`) and, where pixels have to be normalised,
    `preprocessor_config.json`. For SD 1.x and SDXL that is the vision side of OpenAI's ViT-L/14.
    """

    name = "clip"

    def __init__(self, folder: Path, base: Base) -> None:
        self._vision = CLIPVisionModelWithProjection.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, use_safetensors=True
        ).to(base.device)
        self._vision.eval().requires_grad_(requires_grad=False)
        self._projection = load_file(folder / PROJECTION_FILE)[_PROJECTION].float()
        text, self._tokenizer = base.text_encoders[0], base.tokenizers[0]
        # SD3's encoder comes with a projection of its own: what is projected here lies below it.
        self._text = text.text_model if isinstance(text, CLIPTextModelWithProjection) else text
        width = self._vision.config.projection_dim, self._text.config.hidden_size
        if self._projection.shape != width:
            raise ValueError("the projection does not fit the text encoder")
        normal = {"image_mean": [0.5], "image_std": [0.5]}
        if (folder / PIXELS_FILE).exists():
            normal = json.loads((folder / PIXELS_FILE).read_text())
        self._mean = torch.tensor(normal["image_mean"]).view(-1, 1, 1)
        self._deviation = torch.tensor(normal["image_std"]).view(-1, 1, 1)

    @torch.no_grad()
    def images(self, pixels: torch.Tensor) -> torch.Tensor:
        """See Encoder: unit vectors."""
        side = self._vision.config.image_size
        sized = nnf.interpolate(pixels.cpu().float(), size=(side, side), mode="area")
        normal = ((sized.clamp(-1, 1) + 1) / 2 - self._mean) / self._deviation
        embedded = self._vision(pixel_values=normal.to(self._vision.device)).image_embeds
        return nnf.normalize(embedded.float().cpu(), dim=1)

    @torch.no_grad()
    def texts(self, texts: Sequence[str]) -> torch.Tensor:
        """See Encoder: unit vectors."""
        ids = self._tokenizer(
            [*texts], padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        ).input_ids
        output = self._text(ids.to(self._text.device), output_hidden_states=False)
        return nnf.normalize(output.pooler_output.float().cpu() @ self._projection.T, dim=1)

    def similarity(self, some: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """See Encoder: cosines."""
        return some @ others.T


class LowFrequencies:
    """Pictures as 8×8 mean colours; alike by 1 − their root mean square distance (0…1)."""

    name = "low-frequencies"

    def images(self, pixels: torch.Tensor) -> torch.Tensor:
        """See Encoder."""
        small = nnf.adaptive_avg_pool2d((pixels.cpu().float().clamp(-1, 1) + 1) / 2, _GRID)
        return small.flatten(1)

    def texts(self, texts: Sequence[str]) -> None:  # noqa: ARG002 - the port's signature
        """None: colours know no words."""
        return

    def similarity(self, some: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """See Encoder."""
        return 1 - (some[:, None] - others[None]).square().mean(dim=2).sqrt()
