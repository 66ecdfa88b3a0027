from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL

from contract.base_folder import content_hash, family_of, model_files
from contract.base_model import Family
from tests.ml.training_runs import ROOT
from training.photos import as_pixels, load_photos
from training.tiny_base import make


@pytest.mark.parametrize("family", [Family.SD, Family.SDXL])
def test_the_same_seed_makes_the_same_base(tmp_path: Path, family: Family) -> None:
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        make(family, tmp_path / name, seed=seed, autoencoder_steps=1, denoiser_steps=1)
    assert family_of(tmp_path / "first") is family
    assert content_hash(tmp_path / "first") == content_hash(tmp_path / "again")
    assert content_hash(tmp_path / "first") != content_hash(tmp_path / "other")


def test_the_shipped_base_is_whole_and_small(family: Family) -> None:
    folder = ROOT / "models" / f"tiny-{family}"
    size = sum((folder / file).stat().st_size for file in model_files(folder))
    assert family_of(folder) is family
    assert size < 8 * 1024 * 1024


def test_the_shipped_autoencoder_gives_back_what_it_was_given(base: Path, photos: Path) -> None:
    vae = AutoencoderKL.from_pretrained(base / "vae", dtype=torch.float32)
    pixels = as_pixels(load_photos(photos), 64)
    with torch.no_grad():
        latents = vae.encode(pixels).latent_dist.mean
        back = vae.decode(latents).sample.clamp(-1, 1)
    assert (back - pixels).abs().mean() < 0.15
    assert 0.3 < (latents * vae.config.scaling_factor).std() < 3
