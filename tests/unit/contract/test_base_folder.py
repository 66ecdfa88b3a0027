import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from contract.architecture import ARCHITECTURES
from contract.base_files import FolderFiles
from contract.base_folder import (
    checked,
    content_hash,
    described,
    family_of,
    model_files,
    variant_of,
)
from contract.base_model import BaseModel, Family
from contract.errors import BaseFolderError, InvalidDocumentError

_WIDTHS: Mapping[str, Mapping[str, object]] = {
    "text_encoder": {"hidden_size": 8},
    "text_encoder_2": {"hidden_size": 12},
    "text_encoder_3": {"d_model": 32},
}
_TEXT_WIDTH: Mapping[Family, Mapping[str, object]] = {
    Family.SD: {"cross_attention_dim": 8},
    Family.SDXL: {"cross_attention_dim": 20},
    Family.SD3: {"joint_attention_dim": 32},
}
_SCHEDULERS: Mapping[Family, Mapping[str, object]] = {
    Family.SD: {"beta_schedule": "scaled_linear", "prediction_type": "v_prediction"},
    Family.SDXL: {"beta_schedule": "scaled_linear"},
    Family.SD3: {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0},
}


def safetensors(size: int = 4, name: str = "w") -> bytes:
    header = json.dumps({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0" * size


def make(folder: Path, family: Family = Family.SD, variant: str = "") -> Path:
    architecture = ARCHITECTURES[family]
    write(folder, "model_index.json", {"_class_name": architecture.pipeline})
    denoiser = {"_class_name": architecture.denoiser_class, "in_channels": 4}
    write(folder, f"{architecture.denoiser}/config.json", {**denoiser, **_TEXT_WIDTH[family]})
    write(folder, "vae/config.json", {"latent_channels": 4})
    write(folder, "scheduler/scheduler_config.json", _SCHEDULERS[family])
    for encoder in architecture.text_encoders:
        write(folder, f"{encoder}/config.json", _WIDTHS[encoder])
        (folder / encoder / f"model{variant}.safetensors").write_bytes(safetensors())
    for part in (architecture.denoiser, "vae"):
        weights = folder / part / f"diffusion_pytorch_model{variant}.safetensors"
        weights.write_bytes(safetensors())
    for tokenizer in architecture.tokenizers:
        write(folder, f"{tokenizer}/tokenizer.json", {})
    return folder


def write(folder: Path, name: str, document: Mapping[str, object]) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(document))


def change(folder: Path, name: str, **changes: object) -> None:
    write(folder, name, json.loads((folder / name).read_text()) | changes)


def shard(folder: Path, names: object) -> Path:
    """Turn the UNet's weights into shards."""
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    for number, tensor in enumerate("ab", start=1):
        path = folder / "unet" / f"part-{number}.safetensors"
        path.write_bytes(safetensors(name=tensor))
    index = folder / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    return folder


@pytest.mark.parametrize("family", Family)
def test_a_whole_folder_tells_its_family_and_files(tmp_path: Path, family: Family) -> None:
    make(tmp_path, family)
    denoiser = ARCHITECTURES[family].denoiser
    (tmp_path / denoiser / "diffusion_pytorch_model.bin").write_bytes(b"another framework")
    (tmp_path / "README.md").write_text("a card")
    files = {path.as_posix() for path in model_files(tmp_path)}
    assert family_of(tmp_path) is family
    assert f"{denoiser}/diffusion_pytorch_model.safetensors" in files
    assert ("text_encoder_2/model.safetensors" in files) is (family is not Family.SD)
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


@pytest.mark.parametrize("names", ["nothing", {}])
def test_an_index_that_lists_nothing_is_refused(tmp_path: Path, names: object) -> None:
    with pytest.raises(BaseFolderError, match=r"index\.json lists no weights"):
        model_files(shard(make(tmp_path), names))


def test_an_index_may_list_safetensors_only(tmp_path: Path) -> None:
    with pytest.raises(BaseFolderError, match="which is no safetensors file"):
        model_files(shard(make(tmp_path), {"a": "config.json"}))


def test_a_shard_that_lacks_tensors_is_named(tmp_path: Path) -> None:
    names = {"a": "part-1.safetensors", "b": "part-1.safetensors"}
    with pytest.raises(BaseFolderError, match=r"part-1\.safetensors lacks 1 of the tensors"):
        model_files(shard(make(tmp_path), names))


def test_pickled_weights_are_refused_as_what_they_are(tmp_path: Path) -> None:
    make(tmp_path)
    weights = tmp_path / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(BaseFolderError, match=r"unet/diffusion_pytorch_model\.bin is a pickle"):
        model_files(tmp_path)


def test_half_precision_is_taken_where_there_is_a_choice_and_it_is_asked_for(
    tmp_path: Path,
) -> None:
    make(make(tmp_path), variant=".fp16")
    files = FolderFiles(tmp_path)
    assert checked(files).variant is None
    halved = checked(files, prefer_half=True)
    assert set(halved.weights) == {
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.fp16.safetensors",
    }
    (tmp_path / "vae" / "diffusion_pytorch_model.fp16.safetensors").unlink()
    assert checked(files, prefer_half=True).variant is None


@pytest.mark.parametrize(
    ("family", "name", "changes", "problem"),
    [
        (Family.SD, "unet/config.json", {"_class_name": "X"}, "unet/ is no UNet2DConditionModel"),
        (Family.SD, "unet/config.json", {"in_channels": 9}, "another task, such as inpainting"),
        (Family.SD, "unet/config.json", {"cross_attention_dim": 9}, "does not fit text_encoder/"),
        (Family.SDXL, "text_encoder_2/config.json", {"hidden_size": 9}, "unet/ does not fit"),
        (Family.SD3, "text_encoder_3/config.json", {"d_model": 9}, "transformer/ does not fit"),
        (
            Family.SD,
            "scheduler/scheduler_config.json",
            {"prediction_type": "sample"},
            "predicts neither epsilon nor v_prediction",
        ),
        (
            Family.SD3,
            "scheduler/scheduler_config.json",
            {"_class_name": "DDIMScheduler"},
            "is no FlowMatchEulerDiscreteScheduler",
        ),
        (
            Family.SD3,
            "scheduler/scheduler_config.json",
            {"use_dynamic_shifting": True},
            "shifts its noise by picture size",
        ),
    ],
)
def test_parts_that_do_not_fit_are_told(
    tmp_path: Path, family: Family, name: str, changes: Mapping[str, object], problem: str
) -> None:
    change(make(tmp_path, family), name, **changes)
    with pytest.raises(BaseFolderError, match=problem):
        model_files(tmp_path)


def test_noise_that_is_not_diffusions_is_refused(tmp_path: Path) -> None:
    write(make(tmp_path), "scheduler/scheduler_config.json", {"_class_name": "EDMEulerScheduler"})
    with pytest.raises(BaseFolderError, match="another kind of noise"):
        model_files(tmp_path)


def test_the_hash_changes_with_any_byte_and_only_then(tmp_path: Path) -> None:
    make(tmp_path)
    before = content_hash(tmp_path)
    (tmp_path / "README.md").write_text("a card")
    assert content_hash(tmp_path) == before
    config = tmp_path / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text() + " ")
    assert content_hash(tmp_path) != before


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_part_is_named(tmp_path: Path, part: str) -> None:
    make(tmp_path)
    for file in (tmp_path / part).iterdir():
        file.unlink()
    (tmp_path / part / "README.md").write_text("a card")
    with pytest.raises(BaseFolderError, match=f"{part}/ has no configuration"):
        model_files(tmp_path)
    (tmp_path / part / "README.md").unlink()
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
