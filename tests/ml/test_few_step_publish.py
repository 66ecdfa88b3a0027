"""A public adapter becomes a base's few-step tier, from whichever trainer it comes."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file

from bases.few_step import FewStepError, normalised, write_tier
from bases.publish import main, publish
from bases.source import LORA_FILE, BaseSourceError, fetch_base, fetch_lora
from contract.base_folder import content_hash
from contract.base_model import BASE_FILE, BaseModel
from contract.errors import BaseFolderError
from contract.few_step import FEW_STEP_FOLDER, TENSORS_FILE, FewStepTier, checked_tier
from tests.ml.buckets import MemoryBucket
from tests.ml.few_step_tier import RANK, lora_for, with_few_step, write_few_step
from tests.ml.hub import MODEL, serving

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def plain(sd_base: Path) -> Tensors:
    return {name.removeprefix("unet."): t.half().float() for name, t in lora_for(sd_base).items()}


def by_kohya(lora: Tensors) -> Tensors:
    """Half of its scale as alpha, twice as much in the tensors."""
    made: Tensors = {}
    for name, tensor in lora.items():
        module, _, side = name.removesuffix(".weight").rpartition(".")
        stem = f"lora_unet_{module.replace('.', '_')}"
        if side == "lora_A":
            made[f"{stem}.lora_down.weight"] = tensor
            made[f"{stem}.alpha"] = torch.tensor(RANK / 2)
        else:
            made[f"{stem}.lora_up.weight"] = 2 * tensor
    return made


def by_diffusers(lora: Tensors) -> Tensors:
    return {
        f"unet.{name}".replace("lora_A", "lora.down").replace("lora_B", "lora.up"): tensor
        for name, tensor in lora.items()
    }


def by_peft(lora: Tensors) -> Tensors:
    return {f"base_model.model.{name}": tensor for name, tensor in lora.items()}


def by_diffusers_today(lora: Tensors) -> Tensors:
    return {f"unet.{name}": tensor for name, tensor in lora.items()}


@pytest.mark.parametrize("trainer", [by_kohya, by_diffusers, by_peft, by_diffusers_today])
def test_every_trainers_names_and_scale_become_ours(plain: Tensors, trainer: object) -> None:
    assert callable(trainer)
    read = normalised(trainer(plain), {})
    assert read.keys() == plain.keys()
    for name, tensor in read.items():
        assert tensor.dtype is torch.float16
        torch.testing.assert_close(tensor.float(), plain[name])


def test_a_scale_in_the_files_description_is_kept(plain: Tensors) -> None:
    stored = {"lora_adapter_metadata": json.dumps({"unet.r": 4, "unet.lora_alpha": 2})}
    read = normalised(by_diffusers_today(plain), stored)
    for name, tensor in read.items():
        share = 0.5 if ".lora_B." in name else 1.0
        torch.testing.assert_close(tensor.float(), share * plain[name])


@pytest.mark.parametrize(
    "stored", ['{"unet.rank_pattern": {"to_q": 2}}', "[]", "not JSON", '{"unet.r": 0}']
)
def test_a_description_that_says_too_much_or_nothing_is_refused(
    plain: Tensors, stored: str
) -> None:
    with pytest.raises(FewStepError, match=r"differ in rank|cannot be read"):
        normalised(by_diffusers_today(plain), {"lora_adapter_metadata": stored})


def test_a_pickle_is_refused_unread(sd_base: Path, tmp_path: Path) -> None:
    (tmp_path / LORA_FILE).write_bytes(b"\x80\x04 no tensors")
    with pytest.raises(FewStepError, match="no safetensors file"):
        published(sd_base, tmp_path / LORA_FILE, tmp_path / "out")


def published(base: Path, weights: Path, out: Path) -> FewStepTier:
    description = BaseModel.from_json((base / BASE_FILE).read_bytes())
    return write_tier(weights, base, description, out)


def saved(lora: Tensors, path: Path) -> Path:
    save_file({name: tensor.contiguous() for name, tensor in lora.items()}, path)
    return path


def test_what_it_writes_is_a_tier_that_the_stock_pipeline_reads_alike(
    sd_base: Path, plain: Tensors, tmp_path: Path
) -> None:
    shutil.copytree(sd_base, tmp_path / "base")
    weights = saved(by_kohya(plain), tmp_path / LORA_FILE)
    published(tmp_path / "base", weights, tmp_path / "base" / FEW_STEP_FOLDER)
    description = BaseModel.from_json((sd_base / BASE_FILE).read_bytes())
    tier = checked_tier(tmp_path / "base", description)
    assert tier is not None
    assert (tier.rank, tier.steps.default) == (RANK, 4)
    ours = load_file(tmp_path / "base" / FEW_STEP_FOLDER / TENSORS_FILE)
    given = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    text = torch.randn(1, 8, 64, generator=torch.Generator().manual_seed(1))
    made = []
    for source in (weights, ours):
        unet = UNet2DConditionModel.from_pretrained(sd_base / "unet")
        state, alphas = StableDiffusionPipeline.lora_state_dict(
            source if isinstance(source, Path) else dict(source)
        )
        StableDiffusionPipeline.load_lora_into_unet(state, alphas, unet)
        with torch.no_grad():
            made.append(unet(given, 500, text).sample)
    torch.testing.assert_close(made[0], made[1], rtol=1e-3, atol=1e-3)


def with_text_encoder(lora: Tensors) -> Tensors:
    return by_diffusers_today(lora) | {
        "text_encoder.layer.lora_A.weight": torch.zeros(4, 8),
    }


def of_another_model(lora: Tensors) -> Tensors:
    return {
        name.replace("mid_block", "mid_blocks"): t for name, t in by_diffusers_today(lora).items()
    }


def of_another_width(lora: Tensors) -> Tensors:
    return {
        name: torch.cat([t, t]) if ".lora_B." in name else t
        for name, t in by_diffusers_today(lora).items()
    }


def of_mixed_rank(lora: Tensors) -> Tensors:
    mixed = by_diffusers_today(lora)
    name = min(name for name in mixed if ".lora_A." in name)
    other = name.replace("lora_A", "lora_B")
    return mixed | {name: mixed[name][:2], other: mixed[other][:, :2]}


def with_one_side(lora: Tensors) -> Tensors:
    return {name: t for name, t in by_diffusers_today(lora).items() if ".lora_A." in name}


def with_infinity(lora: Tensors) -> Tensors:
    return {name: t * torch.inf for name, t in by_diffusers_today(lora).items()}


def of_no_trainer(lora: Tensors) -> Tensors:
    return by_kohya(lora) | {"lora_unet_odd.hada_w1_a": torch.zeros(1)}


def with_a_lone_alpha(lora: Tensors) -> Tensors:
    return by_kohya(lora) | {"lora_unet_odd.alpha": torch.tensor(1.0)}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (with_text_encoder, "more than the UNet"),
        (of_another_model, "does not have"),
        (of_another_width, "other shapes"),
        (of_mixed_rank, "differ in rank"),
        (with_one_side, "not pairs"),
        (with_infinity, "not numbers"),
        (of_no_trainer, "no known trainer"),
        (with_a_lone_alpha, "not there"),
    ],
)
def test_what_does_not_fit_the_base_is_refused_with_a_reason(
    sd_base: Path, plain: Tensors, tmp_path: Path, damage: object, reason: str
) -> None:
    assert callable(damage)
    weights = saved(damage(plain), tmp_path / LORA_FILE)
    with pytest.raises(FewStepError, match=reason):
        published(sd_base, weights, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_base_is_published_with_a_tier_and_keeps_its_hash(
    sd_base: Path, plain: Tensors, tmp_path: Path
) -> None:
    bucket = MemoryBucket()
    saved(by_kohya(plain), tmp_path / LORA_FILE)
    base = publish(sd_base, "tiny-sd", bucket, few_step=fetch_lora(str(tmp_path), tmp_path))
    assert base.hash == content_hash(sd_base)
    tier = FewStepTier.from_json(bucket.objects["base/tiny-sd/few_step/config.json"])
    assert (tier.base_hash, tier.sha256) == (
        base.hash,
        bucket.digests["base/tiny-sd/few_step/adapter.safetensors"],
    )


def test_a_tier_in_the_folder_goes_along_and_one_of_another_base_stops_it(
    sd_base: Path, tmp_path: Path
) -> None:
    bucket, folder = MemoryBucket(), with_few_step(sd_base, tmp_path / "base")
    publish(folder, "tiny-sd", bucket)
    assert f"base/tiny-sd/{FEW_STEP_FOLDER}/{TENSORS_FILE}" in bucket.objects
    write_few_step(folder, lora_for(folder), base_hash="f" * 64)
    empty = MemoryBucket()
    with pytest.raises(BaseFolderError, match="another base model"):
        publish(folder, "tiny-sd", empty)
    assert empty.objects == {}


def test_the_hub_gives_the_adapter_and_a_base_with_its_tier(
    sd_base: Path, plain: Tensors, tmp_path: Path
) -> None:
    folder = with_few_step(sd_base, tmp_path / "hub")
    saved(by_kohya(plain), folder / LORA_FILE)
    with serving(folder) as hub:
        weights = fetch_lora(MODEL, tmp_path / "cache", hub=hub.address)
        assert load_file(weights).keys() == by_kohya(plain).keys()
        fetched = fetch_base(MODEL, tmp_path / "bases", s3=None, hub=hub.address)
    assert (fetched / FEW_STEP_FOLDER / TENSORS_FILE).is_file()


def test_the_command_says_what_is_wrong_with_an_adapter(
    sd_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BaseSourceError, match="is no file"):
        fetch_lora(str(tmp_path / "no"), tmp_path)
    given = ["--source", str(sd_base), "--id", "x", "--bucket", "models", "--few-step", "a/b/c"]
    assert main(given) == 1
    assert "is no file" in capsys.readouterr().err
