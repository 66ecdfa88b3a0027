import json
from pathlib import Path

import pytest

from contract.base_folder import (
    BaseFolderError,
    content_hash,
    described,
    family_of,
    model_files,
    variant_of,
)
from contract.base_model import BaseModel, Family
from contract.errors import InvalidDocumentError

_CLASSES = {Family.SD: "StableDiffusionPipeline", Family.SDXL: "StableDiffusionXLPipeline"}


def safetensors(size: int = 4) -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0" * size


def make(folder: Path, family: Family = Family.SD, variant: str = "") -> Path:
    (folder / "model_index.json").write_text(json.dumps({"_class_name": _CLASSES[family]}))
    encoders = ["text_encoder"] + (["text_encoder_2"] if family is Family.SDXL else [])
    for part in ("unet", "vae", *encoders):
        stem = "model" if part in encoders else "diffusion_pytorch_model"
        (folder / part).mkdir()
        (folder / part / "config.json").write_text("{}")
        (folder / part / f"{stem}{variant}.safetensors").write_bytes(safetensors())
    for part in ("scheduler", *(e.replace("text_encoder", "tokenizer") for e in encoders)):
        (folder / part).mkdir()
        (folder / part / "config.json").write_text("{}")
    return folder


def shard(folder: Path, names: object) -> Path:
    """Turn the UNet's weights into shards."""
    whole = folder / "unet" / "diffusion_pytorch_model.safetensors"
    for number in (1, 2):
        (folder / "unet" / f"part-{number}.safetensors").write_bytes(whole.read_bytes())
    whole.unlink()
    index = folder / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    return folder


@pytest.mark.parametrize("family", [Family.SD, Family.SDXL])
def test_a_whole_folder_tells_its_family_and_files(tmp_path: Path, family: Family) -> None:
    make(tmp_path, family)
    (tmp_path / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"another framework")
    (tmp_path / "README.md").write_text("a card")
    files = {path.as_posix() for path in model_files(tmp_path)}
    assert family_of(tmp_path) is family
    assert "unet/diffusion_pytorch_model.safetensors" in files
    assert ("text_encoder_2/model.safetensors" in files) is (family is Family.SDXL)
    assert not any(name.endswith((".bin", ".md")) for name in files)


def test_half_precision_alone_is_a_whole_model(tmp_path: Path) -> None:
    make(tmp_path, variant=".fp16")
    assert variant_of(tmp_path) == "fp16"
    assert Path("vae/diffusion_pytorch_model.fp16.safetensors") in model_files(tmp_path)


def test_shards_belong_to_the_model(tmp_path: Path) -> None:
    shard(make(tmp_path), {"a": "part-1.safetensors", "b": "part-2.safetensors"})
    names = {path.name for path in model_files(tmp_path)}
    assert {"part-1.safetensors", "part-2.safetensors"} < names
    assert variant_of(tmp_path) is None


@pytest.mark.parametrize(
    "names", [{"a": "part-3.safetensors"}, {"a": "../../../etc/passwd"}], ids=["missing", "outside"]
)
def test_a_missing_shard_is_named(tmp_path: Path, names: object) -> None:
    with pytest.raises(BaseFolderError, match=r"unet/(part-3\.safetensors|passwd) is missing"):
        model_files(shard(make(tmp_path), names))


def test_an_index_that_lists_nothing_adds_nothing(tmp_path: Path) -> None:
    files = model_files(shard(make(tmp_path), "nothing"))
    assert not any(path.name.startswith("part-") for path in files)


def test_the_hash_changes_with_any_byte_and_only_then(tmp_path: Path) -> None:
    make(tmp_path)
    before = content_hash(tmp_path)
    (tmp_path / "README.md").write_text("a card")
    assert content_hash(tmp_path) == before
    (tmp_path / "scheduler" / "config.json").write_text("{} ")
    assert content_hash(tmp_path) != before


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_part_is_named(tmp_path: Path, part: str) -> None:
    make(tmp_path)
    for file in (tmp_path / part).iterdir():
        file.unlink()
    with pytest.raises(BaseFolderError, match=f"{part}/ has no configuration"):
        model_files(tmp_path)
    (tmp_path / part).rmdir()
    with pytest.raises(BaseFolderError, match=f"{part}/ is missing"):
        model_files(tmp_path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(BaseFolderError, match=r"vae/diffusion_pytorch_model\.safetensors is miss"):
        model_files(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (safetensors()[:-1], "cut off"),
        (safetensors() + b"x", "cut off"),
        (b"", "damaged"),
        (b"\xff" * 64, "damaged"),
        ((2).to_bytes(8, "little") + b"[]", "damaged"),
        ((12).to_bytes(8, "little") + b'{"w": "text"}'[:12], "damaged"),
        ((7).to_bytes(8, "little") + b'{"w":1}', "damaged"),
    ],
)
def test_damaged_weights_are_told(tmp_path: Path, content: bytes, problem: str) -> None:
    make(tmp_path)
    (tmp_path / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(content)
    with pytest.raises(BaseFolderError, match=problem):
        model_files(tmp_path)


@pytest.mark.parametrize("name", ["FluxPipeline", 3])
def test_another_architecture_is_refused(tmp_path: Path, name: object) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": name}))
    with pytest.raises(BaseFolderError, match="model_index"):
        family_of(tmp_path)


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaseFolderError, match=r"model_index\.json is missing"):
        model_files(tmp_path)


def test_a_published_folder_is_described(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(BaseFolderError, match=r"base\.json is missing"):
        described(tmp_path)
    base = BaseModel("tiny-sd", content_hash(tmp_path), Family.SD)
    (tmp_path / "base.json").write_text(base.to_json())
    assert described(tmp_path) == base
    (tmp_path / "base.json").write_text(BaseModel("tiny-sd", base.hash, Family.SDXL).to_json())
    with pytest.raises(BaseFolderError, match="different families"):
        described(tmp_path)
    (tmp_path / "base.json").write_text("{}")
    with pytest.raises(InvalidDocumentError):
        described(tmp_path)
