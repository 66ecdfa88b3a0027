"""Base models from a folder and from a hub. From a bucket: tests/local_aws/test_base_from_s3.py."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bases.hub import HubError
from bases.licence import licence_in
from bases.source import SHIPPED, BaseSourceError, fetch_base
from contract.base_folder import content_hash, model_files, variant_of
from contract.errors import BaseFolderError
from contract.measuring import measuring_files
from tests.ml.clip_pair import save_clip
from tests.ml.hub import COMMIT, MODEL, Hub, serving

HEADERS_AT_MOST = 64 * 1024


@pytest.fixture
def hub(sd_base: Path, tmp_path: Path) -> Iterator[Hub]:
    """A hub whose model also has files that nobody needs."""
    folder = tmp_path / "hub"
    shutil.copytree(sd_base, folder)
    (folder / "model.ckpt").write_bytes(b"an older format")
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"another framework")
    with serving(folder) as running:
        yield running


def fetch(hub: Hub, tmp_path: Path, source: str = MODEL) -> Path:
    return fetch_base(source, tmp_path / "cache", s3=None, hub=hub.address)


def test_a_folder_is_checked_and_taken_where_it_is(sd_base: Path, tmp_path: Path) -> None:
    assert fetch_base(str(sd_base), tmp_path, s3=None) == sd_base
    assert fetch_base("tiny-sd", tmp_path, s3=None) == SHIPPED["tiny-sd"]
    shutil.copytree(sd_base, tmp_path / "half", ignore=shutil.ignore_patterns("vae"))
    with pytest.raises(BaseFolderError, match="vae/ is missing"):
        fetch_base(str(tmp_path / "half"), tmp_path, s3=None)


@pytest.mark.parametrize("source", ["no such folder", "/nowhere/at/all", "s3://bucket", "a/b/c"])
def test_a_source_of_no_known_kind_is_refused(source: str, tmp_path: Path) -> None:
    with pytest.raises(BaseSourceError, match=r"is no folder, no s3://bucket/prefix, no hub id"):
        fetch_base(source, tmp_path, s3=None)


@pytest.mark.parametrize("revision", ["", "@v1", f"@{COMMIT}"])
def test_the_hub_gives_exactly_the_files_of_the_model(
    hub: Hub, sd_base: Path, tmp_path: Path, revision: str
) -> None:
    folder = fetch(hub, tmp_path, MODEL + revision)
    assert content_hash(folder) == content_hash(sd_base)
    assert {Path(name) for name in fetched_into(folder)} == set(model_files(sd_base))


def test_an_image_encoder_and_the_licence_beside_the_model_come_along(
    hub: Hub, sd_base: Path, tmp_path: Path
) -> None:
    save_clip(hub.folder)
    (hub.folder / "LICENSE.md").write_text("Do as you please.")
    folder = fetch(hub, tmp_path)
    assert licence_in(folder).text == "Do as you please."
    fetched = fetched_into(folder)
    assert len(fetched) == len(model_files(sd_base)) + 4
    assert set(measuring_files(fetched)) <= fetched
    assert "clip/model.safetensors" in fetched


def fetched_into(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_half_precision_is_fetched_where_the_hub_has_both(hub: Hub, tmp_path: Path) -> None:
    for weights in [path for path in hub.folder.rglob("*.safetensors") if path.is_file()]:
        shutil.copy(weights, weights.with_suffix(".fp16.safetensors"))
    folder = fetch(hub, tmp_path)
    assert variant_of(folder) == "fp16"
    assert not (folder / "unet" / "diffusion_pytorch_model.safetensors").exists()


def test_what_is_wrong_in_the_hub_is_told_before_weights_are_fetched(
    hub: Hub, tmp_path: Path
) -> None:
    weights = hub.folder / "vae" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(BaseFolderError, match=r"vae/diffusion_pytorch_model\.safetensors is cut"):
        fetch(hub, tmp_path)
    assert sum(hub.sent.values()) < HEADERS_AT_MOST
    assert not (tmp_path / "cache").exists()
    (hub.folder / "text_encoder" / "model.safetensors").unlink()
    with pytest.raises(BaseFolderError, match=r"text_encoder/model\.safetensors is missing"):
        fetch(hub, tmp_path)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("makers/nothing", "no folder makers/nothing, and the hub knows no such model"),
        ("makers/gated", "makers/gated is gated: accept its terms"),
        (f"{MODEL}@v9", "makers/model has no revision v9"),
    ],
)
def test_the_hubs_refusals_are_told_apart(
    hub: Hub, tmp_path: Path, source: str, problem: str
) -> None:
    with pytest.raises(HubError, match=problem):
        fetch(hub, tmp_path, source)


def test_a_hub_that_is_not_there_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.shutdown()
    hub.server_close()
    with pytest.raises(HubError, match="the hub cannot be reached"):
        fetch(hub, tmp_path)
