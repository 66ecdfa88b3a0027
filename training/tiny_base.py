"""Make the tiny base model: `python -m training.tiny_base --family sd|sdxl --out DIR`.

Standard diffusers layout, drawn and fitted by code from a seed, a few MB, 64×64 pixels. The result
for the default seed is kept in `models/`; `bases.publish` takes it from there.
"""

import argparse
import logging
import time
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

from contract.base_model import Family
from training.tiny_fit import fit
from training.tiny_models import TinyModels, build
from training.tiny_tokenizer import tiny_tokenizer

AUTOENCODER_STEPS = 4000
DENOISER_STEPS = 1500


def make(
    family: Family,
    folder: Path,
    *,
    seed: int = 0,
    autoencoder_steps: int = AUTOENCODER_STEPS,
    denoiser_steps: int = DENOISER_STEPS,
) -> None:
    """Write a tiny base model of `family` to `folder`; the same seed gives the same weights."""
    tokenizer = tiny_tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        models = build(family, tokenizer)
        fit(models, tokenizer, seed, autoencoder_steps, denoiser_steps)
    pipeline = _pipeline(models)
    pipeline.to(torch.float16)  # halves the files; loading names its own precision anyway
    pipeline.save_pretrained(folder)


def _pipeline(models: TinyModels) -> StableDiffusionPipeline | StableDiffusionXLPipeline:
    common = {
        "vae": models.vae,
        "unet": models.unet,
        "scheduler": models.scheduler,
        "text_encoder": models.text_encoder,
        "tokenizer": tiny_tokenizer(),
    }
    if models.family is Family.SDXL:
        return StableDiffusionXLPipeline(
            **common,
            text_encoder_2=models.text_encoder_2,
            tokenizer_2=tiny_tokenizer(),
            add_watermarker=False,
        )
    return StableDiffusionPipeline(
        **common, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make a tiny base model in diffusers layout.")
    parser.add_argument("--family", choices=[Family.SD, Family.SDXL], required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--autoencoder-steps", type=int, default=AUTOENCODER_STEPS)
    parser.add_argument("--denoiser-steps", type=int, default=DENOISER_STEPS)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    begun = time.monotonic()
    make(
        Family(arguments.family),
        arguments.out,
        seed=arguments.seed,
        autoencoder_steps=arguments.autoencoder_steps,
        denoiser_steps=arguments.denoiser_steps,
    )
    logging.getLogger(__name__).info("made in %.0f s", time.monotonic() - begun)


if __name__ == "__main__":
    main()
