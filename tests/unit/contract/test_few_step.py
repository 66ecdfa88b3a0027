import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.adapter import file_sha256
from contract.base_extras import extra_files
from contract.base_folder import content_hash, model_files
from contract.base_model import BaseModel, Family
from contract.errors import BaseFolderError, ChecksumError, InvalidDocumentError
from contract.few_step import (
    CONFIG_FILE,
    FEW_STEP_FOLDER,
    TENSORS_FILE,
    FewStepSolver,
    FewStepTier,
    Range,
    checked_tier,
    few_step_files,
)
from tests.unit.contract.test_base_folder import make, safetensors

ROOT = Path(__file__).parents[3]
FILES = [f"{FEW_STEP_FOLDER}/{CONFIG_FILE}", f"{FEW_STEP_FOLDER}/{TENSORS_FILE}"]


@pytest.fixture
def base(tmp_path: Path) -> BaseModel:
    """A base in `tmp_path`, with a tier."""
    make(tmp_path)
    found = BaseModel("tiny", content_hash(tmp_path), Family.SD)
    inside = tmp_path / FEW_STEP_FOLDER
    inside.mkdir()
    path = inside / TENSORS_FILE
    path.write_bytes(safetensors())
    tier = FewStepTier(
        base_hash=found.hash,
        rank=4,
        solver=FewStepSolver.LCM,
        original_steps=50,
        steps=Range(1, 8, 4),
        cfg_scale=Range(0, 2, 1),
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
    )
    (inside / CONFIG_FILE).write_text(tier.to_json())
    return found


def test_a_tier_goes_along_with_its_base_and_changes_no_hash(
    base: BaseModel, tmp_path: Path
) -> None:
    assert content_hash(tmp_path) == base.hash
    assert not any(FEW_STEP_FOLDER in file.parts for file in model_files(tmp_path))
    tier = checked_tier(tmp_path, base)
    assert tier is not None
    assert tier.steps == Range(1, 8, 4)
    assert extra_files(["unet/config.json", *FILES]) == FILES
    assert few_step_files(FILES[:1]) == []


def test_a_base_without_one_has_none(tmp_path: Path) -> None:
    make(tmp_path)
    assert checked_tier(tmp_path, BaseModel("tiny", "0" * 64, Family.SD)) is None


@pytest.mark.parametrize("name", [CONFIG_FILE, TENSORS_FILE])
def test_half_a_tier_is_refused_by_name(base: BaseModel, tmp_path: Path, name: str) -> None:
    (tmp_path / FEW_STEP_FOLDER / name).unlink()
    with pytest.raises(BaseFolderError, match=f"few_step/{name} is missing"):
        checked_tier(tmp_path, base)


def test_a_tier_of_another_base_is_refused(base: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(BaseFolderError, match="another base model"):
        checked_tier(tmp_path, replace(base, hash="f" * 64))


@pytest.mark.parametrize("content", [safetensors()[:-1] + b"\x01", safetensors()[:-1]])
def test_other_tensors_than_the_described_ones_are_refused(
    base: BaseModel, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / FEW_STEP_FOLDER / TENSORS_FILE).write_bytes(content)
    with pytest.raises(ChecksumError):
        checked_tier(tmp_path, base)


@pytest.mark.parametrize(
    "change",
    [
        {"original_steps": 4},
        {"steps": {"minimum": 4, "maximum": 8, "default": 2}},
        {"steps": {"minimum": 1, "maximum": 51, "default": 4}},
        {"cfg_scale": {"minimum": 1, "maximum": 0.5, "default": 1}},
        {"cfg_scale": {"minimum": 0, "maximum": 2, "default": 1, "unit": ""}},
        {"solver": "DDIMScheduler"},
    ],
)
def test_a_description_that_cannot_be_is_refused(
    base: BaseModel, tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / FEW_STEP_FOLDER / CONFIG_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InvalidDocumentError):
        checked_tier(tmp_path, base)


def test_the_laptop_offers_what_the_shipped_miniature_can() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    block = context["environments"]["local"]["base_model"]
    folder = ROOT / "models" / block["id"]
    tier = checked_tier(folder, BaseModel(block["id"], content_hash(folder), Family.SD))
    offered = tier and {"steps": vars(tier.steps), "cfg_scale": vars(tier.cfg_scale)}
    assert block.get("few_step") == offered
