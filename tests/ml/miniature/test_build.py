"""All stages in order on a world of a few pictures: what comes out is a Stable Diffusion."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LMSDiscreteScheduler,
    StableDiffusionPipeline,
)
from numpy.typing import NDArray
from safetensors.torch import load_file

from contract.base_folder import content_hash
from contract.base_model import BaseModel, Family
from contract.few_step import FEW_STEP_FOLDER, TENSORS_FILE, checked_tier
from training.miniature import build
from training.miniature.autoencoder import (
    anchor_loss,
    crops,
    new_autoencoder,
    picture_loss,
    spread_loss,
    with_noise,
)
from training.miniature.clip import new_vision
from training.miniature.config import CONFIGS, MiniatureConfig
from training.miniature.few_step import FewStepStage
from training.miniature.fit import steps_of
from training.miniature.grow import grow
from training.miniature.pictures import SHARD, Pictures, described
from training.miniature.text import new_text_encoder
from training.miniature.tokenizer import miniature_tokenizer
from training.miniature.unet import new_unet
from training.miniature.world import draw_array

# diffusers turns tensors into arrays in a way that numpy 2 warns of, in several samplers.
pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")

_TINY = MiniatureConfig(
    name="tiny",
    side=64,
    latent_channels=4,
    vae_channels=(8, 8, 8, 16),
    unet_channels=(16, 32),
    unet_heads=(1, 2),
    text_width=16,
    text_layers=1,
    text_heads=2,
    vision_width=16,
    vision_layers=1,
    vision_heads=2,
    vision_patch=16,
    projection=16,
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> build.Workshop:
    work, out = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("out")
    return build.Workshop(
        config=_TINY, work=work, out=out, device="cpu", bf16=False, minutes=None, steps=3,
        pictures=25, batch=4, rate=None, prompts=4, workers=1, learn_words=True, compiled=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(shop: build.Workshop) -> tuple[Path, Path]:
    """Work and output folders of a whole build, three steps a stage."""
    work, out = shop.work, shop.out
    few = np.stack([draw_array(*described(n), 64) for n in range(25)])
    (work / "pictures").mkdir()
    np.save(work / "pictures" / "pictures-64-000.npy", np.tile(few, (SHARD // 25, 1, 1, 1)))
    torch.manual_seed(0)
    for stage in build.STAGES:
        build.run(stage, shop)
    return work, out


@pytest.fixture(scope="module")
def pipeline(made: tuple[Path, Path]) -> StableDiffusionPipeline:
    loaded = StableDiffusionPipeline.from_pretrained(made[1], dtype=torch.float32)
    loaded.set_progress_bar_config(disable=True)
    return loaded


def _draw(pipeline: StableDiffusionPipeline, seed: int = 0, steps: int = 3) -> NDArray[np.float32]:
    picture: NDArray[np.float32] = pipeline(
        "a cat with green eyes",
        negative_prompt="sad",
        num_inference_steps=steps,
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
    ).images[0]
    return picture


def test_the_folder_has_the_standard_layout(made: tuple[Path, Path]) -> None:
    folders = {"vae", "unet", "text_encoder", "tokenizer", "scheduler", "clip", "classifiers"}
    assert folders <= {path.name for path in made[1].iterdir()}
    index = json.loads((made[1] / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionPipeline"


def test_the_stock_pipeline_draws_with_it(pipeline: StableDiffusionPipeline) -> None:
    picture = _draw(pipeline)
    assert picture.shape == (64, 64, 3)
    assert np.isfinite(picture).all()


def test_the_same_seed_gives_the_same_picture_and_another_another(
    pipeline: StableDiffusionPipeline,
) -> None:
    assert np.array_equal(_draw(pipeline, seed=1), _draw(pipeline, seed=1))
    assert not np.array_equal(_draw(pipeline, seed=1), _draw(pipeline, seed=2))


@pytest.mark.parametrize(
    "sampler",
    [
        DDIMScheduler,
        DPMSolverMultistepScheduler,
        EulerAncestralDiscreteScheduler,
        HeunDiscreteScheduler,
        KDPM2DiscreteScheduler,
        LMSDiscreteScheduler,
    ],
)
def test_every_kind_of_sampler_reads_its_schedule(
    pipeline: StableDiffusionPipeline, sampler: Any
) -> None:
    before = pipeline.scheduler
    try:
        pipeline.scheduler = sampler.from_config(before.config)
        assert np.isfinite(_draw(pipeline, steps=5)).all()
    finally:
        pipeline.scheduler = before


def test_latents_are_not_clipped_and_v_is_predicted(pipeline: StableDiffusionPipeline) -> None:
    assert pipeline.scheduler.config.clip_sample is False
    assert pipeline.scheduler.config.prediction_type == "v_prediction"


def test_latents_have_a_deviation_of_one(made: tuple[Path, Path]) -> None:
    latents = np.load(made[0] / "latents-64.npy").astype(np.float32)
    assert latents.std() == pytest.approx(1, abs=0.1)


def test_weights_are_in_half_precision(made: tuple[Path, Path]) -> None:
    for path in made[1].rglob("*.safetensors"):
        floats = {v.dtype for v in load_file(path).values() if v.is_floating_point()}
        assert floats == {torch.float16}, path.name


def test_tuning_the_decoder_leaves_the_latents_alone(made: tuple[Path, Path]) -> None:
    before = torch.load(made[0] / "autoencoder.pt", weights_only=True)
    after = torch.load(made[0] / "decoder.pt", weights_only=True)["module"]
    names = list(before["module"])
    averages = dict(zip(names, before["ema"], strict=True))
    for name in names:
        fixed = name.startswith(("encoder", "quant_conv"))
        assert torch.equal(averages[name], after[name]) == fixed, name


def test_the_measure_and_the_card_tell_what_was_found(made: tuple[Path, Path]) -> None:
    measured = json.loads((made[1] / "measured.json").read_text())
    assert measured["prompts"] == 4
    assert 0 <= measured["generated"]["all"] <= 1
    assert f"{measured['generated']['all']:.1%}" in (made[1] / "README.md").read_text()
    assert (made[1] / "contact-sheet.png").exists()


def test_an_assembled_model_can_be_trained_on_without_its_checkpoints(
    made: tuple[Path, Path], shop: build.Workshop, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "pictures").symlink_to(made[0] / "pictures")
    shutil.copytree(made[1], tmp_path / "out")
    elsewhere = replace(shop, work=tmp_path / "work", out=tmp_path / "out")
    build.run("adopt", elsewhere)
    shutil.rmtree(tmp_path / "out" / FEW_STEP_FOLDER)  # it has to be distilled again
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.safetensors")}
    build.run("assemble", elsewhere)
    assert {path: path.read_bytes() for path in before} == before
    for stage in ("latents", "unet"):
        build.run(stage, elsewhere)
    assert steps_of(elsewhere.checkpoint("unet")) == 6


def test_missing_pictures_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="stage 'pictures'"):
        Pictures(tmp_path, 64)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=lambda config: config.name)
def test_the_shipped_sizes_stay_under_sixty_megabytes(config: MiniatureConfig) -> None:
    with torch.device("meta"):
        parts = [
            new_autoencoder(config),
            new_unet(config),
            new_text_encoder(config, miniature_tokenizer()),
            new_vision(config),
        ]
    count = sum(p.numel() for part in parts for p in part.parameters())
    assert 2 * count < 59e6
    unet = sum(p.numel() for p in parts[1].parameters())
    assert 8e6 < unet < 25e6


def test_a_blurred_picture_costs_more_than_its_pixels_say() -> None:
    sharp = torch.zeros(1, 3, 16, 16)
    sharp[..., 8:] = 1
    blurred = torch.nn.functional.avg_pool2d(sharp, 3, 1, 1)
    shifted = sharp + (blurred - sharp).abs().mean()
    assert picture_loss(blurred, sharp) > picture_loss(shifted, sharp)


def test_an_error_costs_more_where_pixels_count_more() -> None:
    given, counts = torch.zeros(1, 3, 16, 16), torch.full((1, 1, 16, 16), 0.5)
    counts[..., 8:] = 1.5
    off_left, off_right = given.clone(), given.clone()
    off_left[..., 4, 3], off_right[..., 4, 11] = 1, 1
    left, right = (picture_loss(made, given, counts) for made in (off_left, off_right))
    torch.testing.assert_close(right, 3 * left)
    torch.testing.assert_close((left + right) / 2, picture_loss(off_left, given))


def test_crops_are_half_as_wide_and_lie_inside() -> None:
    pictures = torch.arange(64.0).expand(2, 3, 64, 64).clone()
    cut = crops(pictures, step=1, times=3)
    assert cut.shape == (6, 3, 32, 32)
    left = float(cut[0, 0, 0, 0])
    assert torch.equal(cut[0, 0, 0], torch.arange(left, left + 32))


def test_the_anchor_wants_the_mean_colour_of_each_cell() -> None:
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    latents = torch.randn(2, 8, 16, 16)
    latents[:, :3] = torch.nn.functional.avg_pool2d(pictures, 4) * 2
    assert float(anchor_loss(latents, pictures)) == pytest.approx(0, abs=1e-5)


def test_noise_on_latents_differs_between_pictures_and_repeats_with_the_seed() -> None:
    latents = torch.zeros(64, 4, 8, 8)
    noisy = with_noise(latents, torch.Generator().manual_seed(0))
    each = noisy.flatten(1).std(dim=1)
    assert each.min() < 0.05 < 0.3 < each.max() < 0.6
    assert torch.equal(noisy, with_noise(latents, torch.Generator().manual_seed(0)))


def test_loud_latents_cost_and_quiet_ones_do_not() -> None:
    quiet = torch.randn(8, 4, 8, 8) * 0.5
    assert float(spread_loss(quiet)) == 0
    assert float(spread_loss(quiet * 6)) > 1


def test_a_grown_autoencoder_gives_the_same_latents_and_larger_pictures() -> None:
    torch.manual_seed(0)
    coarse, fine = new_autoencoder(_TINY.coarse).eval(), new_autoencoder(_TINY).eval()
    grow(coarse, fine)
    small = torch.nn.functional.interpolate(torch.rand(2, 3, 8, 8), scale_factor=8) * 2 - 1
    large = torch.nn.functional.interpolate(small, scale_factor=2)
    with torch.no_grad():
        few, many = (m.encode(p).latent_dist.mean for m, p in ((coarse, small), (fine, large)))
        drawn = torch.nn.functional.avg_pool2d(fine.decode(few).sample, 2)
        expected = coarse.decode(few).sample
    assert large.shape[-1] == fine.decode(few).sample.shape[-1] == 128
    for found, wanted in ((many, few), (drawn, expected)):
        assert torch.nn.functional.cosine_similarity(found.flatten(), wanted.flatten(), 0) > 0.9


def test_growth_needs_a_finest_level_as_wide_as_the_next() -> None:
    wider = replace(_TINY, vae_channels=(16, 8, 8, 16))
    with pytest.raises(ValueError, match="width"):
        grow(new_autoencoder(_TINY.coarse), new_autoencoder(wider))


def test_the_few_step_tier_belongs_to_the_assembled_base(
    made: tuple[Path, Path], shop: build.Workshop
) -> None:
    work, out = made
    base = BaseModel("miniature", content_hash(out), Family.SD)
    tier = checked_tier(out, base)
    assert tier is not None
    assert steps_of(work / f"few_step-{base.hash[:12]}.pt") == shop.steps
    lora = load_file(out / FEW_STEP_FOLDER / TENSORS_FILE)
    pipeline = StableDiffusionPipeline.from_pretrained(out, dtype=torch.float32)
    pipeline.load_lora_weights(lora)
    assert any(tensor.any() for name, tensor in lora.items() if ".lora_B." in name)


def test_distillation_brings_the_two_ends_of_a_leap_together(
    made: tuple[Path, Path], shop: build.Workshop
) -> None:
    torch.manual_seed(0)
    stage = FewStepStage(made[1], np.load(made[0] / "latents-64.npy"), "cpu", batch=8)
    optimiser = torch.optim.Adam(stage.module.parameters(), lr=3e-3)
    losses = []
    for _ in range(25):
        loss, _ = stage.loss(0)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


def test_assembling_anew_lets_go_of_a_tier_of_other_weights(
    made: tuple[Path, Path], shop: build.Workshop, tmp_path: Path
) -> None:
    shutil.copytree(made[1], tmp_path / "out")
    build.run("assemble", replace(shop, out=tmp_path / "out"))
    assert not (tmp_path / "out" / FEW_STEP_FOLDER).exists()
