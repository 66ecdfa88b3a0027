"""From checkpoints to a folder that `StableDiffusionPipeline.from_pretrained` loads."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch.nn import functional as nnf
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection

from contract.few_step import FEW_STEP_FOLDER
from training.miniature.clip import Pair
from training.miniature.unet import NOISE

CLIP_FOLDER = "clip"
PROJECTION = "text_projection.safetensors"
PROJECTION_KEY = "text_projection.weight"
STEPS_FILE = "steps.json"


def assemble(
    out: Path,
    vae: AutoencoderKL,
    unet: UNet2DConditionModel,
    text_encoder: CLIPTextModel,
    tokenizer: CLIPTokenizer,
    pair: Pair,
    steps: dict[str, int],
) -> None:
    """Write all parts in half precision; the image encoder goes beside them, under `clip/`.

    A few-step tier of other weights is removed. `steps` that each stage has behind it are kept too,
    for whoever trains on.
    """
    pipeline = StableDiffusionPipeline(
        vae=vae.half(),
        text_encoder=text_encoder.half(),
        tokenizer=tokenizer,
        unet=unet.half(),
        scheduler=DDIMScheduler(**NOISE, set_alpha_to_one=True),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(out, safe_serialization=True)
    # It was distilled from the weights that have just been replaced.
    shutil.rmtree(out / FEW_STEP_FOLDER, ignore_errors=True)
    pair.vision.half().save_pretrained(out / CLIP_FOLDER)
    projection = pair.text_projection.weight.detach().half().contiguous()
    save_file({PROJECTION_KEY: projection}, out / CLIP_FOLDER / PROJECTION)
    (out / STEPS_FILE).write_text(json.dumps(steps, indent=1) + "\n", encoding="utf-8")


def load_pipeline(folder: Path, device: str = "cpu") -> StableDiffusionPipeline:
    """The assembled pipeline in float32, without a progress bar."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, dtype=torch.float32, safety_checker=None, local_files_only=True
    ).to(device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


class ImageText:
    """The contrastive pair of an assembled folder: cosines say how well two things fit."""

    def __init__(self, folder: Path, text_encoder: CLIPTextModel, tokenizer: CLIPTokenizer) -> None:
        self._vision = CLIPVisionModelWithProjection.from_pretrained(
            folder / CLIP_FOLDER, dtype=torch.float32
        ).eval()
        self._projection = load_file(folder / CLIP_FOLDER / PROJECTION)[PROJECTION_KEY].float()
        self._text, self._tokenizer = text_encoder, tokenizer

    @torch.no_grad()
    def images(self, pictures: torch.Tensor) -> torch.Tensor:
        """Unit vectors, shape (n, projection), of pictures of shape (n, 3, side, side), −1 to 1."""
        side = self._vision.config.image_size
        sized = nnf.interpolate(pictures, size=(side, side), mode="area")
        return nnf.normalize(self._vision(pixel_values=sized).image_embeds, dim=1)

    @torch.no_grad()
    def texts(self, words: list[str]) -> torch.Tensor:
        """Unit vectors, shape (n, projection)."""
        ids = self._tokenizer(
            words, padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids
        pooled = self._text(input_ids=ids.to(self._text.device)).pooler_output.float().cpu()
        return nnf.normalize(pooled @ self._projection.T, dim=1)
