"""Base models from SageMaker's JumpStart catalogue, as the installed SDK reads it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from bases.jumpstart import JumpStartError
from bases.licence import licence_in
from bases.source import SHIPPED, BaseSourceError, fetch_base
from contract.base_folder import content_hash, model_files
from tests.unit.bases.memory_s3 import MemoryS3

# Where the SDK says that the catalogue of the region is.
CONTENT, GATED = "jumpstart-cache-prod-us-east-1", "jumpstart-private-cache-prod-us-east-1"
MODEL = "model-txt2img-makers-drawing"
ARCHIVE, FOLDER = "makers/drawing.tar.gz", "makers/drawing/"
TINY = SHIPPED["tiny-sd"]
LICENCE = b"Draw nothing unkind."


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def tiny() -> dict[str, bytes]:
    return {file.as_posix(): (TINY / file).read_bytes() for file in model_files(TINY)}


def catalogue(**specs: Any) -> MemoryS3:
    """A region whose catalogue lists versions 1.0.0 and 1.1.0 of MODEL; `specs` are the newer's."""
    s3 = MemoryS3()
    manifest = []
    for version, own in {"1.0.0": {"hosting_artifact_key": "old.tar.gz"}, "1.1.0": specs}.items():
        key = f"specs/{version}.json"
        manifest.append(
            {"model_id": MODEL, "version": version, "min_version": "2.0.0", "spec_key": key}
        )
        document = {"model_id": MODEL, "version": version, "min_sdk_version": "2.0.0", **own}
        s3.objects[CONTENT, key] = json.dumps(document).encode()
    s3.objects[CONTENT, "models_manifest.json"] = json.dumps(manifest).encode()
    return s3


def fetch(s3: MemoryS3, cache: Path, source: str = f"jumpstart:{MODEL}") -> Path:
    return fetch_base(source, cache, s3=s3.client)


def test_an_archive_is_unpacked_once_and_its_licence_laid_beside_it(tmp_path: Path) -> None:
    s3 = catalogue(hosting_artifact_key=ARCHIVE, hosting_eula_key="makers/eula.txt")
    s3.objects[CONTENT, "makers/eula.txt"] = LICENCE
    s3.objects[CONTENT, ARCHIVE] = archive({f"drawing/{n}": c for n, c in tiny().items()})
    folder = fetch(s3, tmp_path)
    assert content_hash(folder) == content_hash(TINY)
    assert licence_in(folder).text == LICENCE.decode()
    assert fetch(s3, tmp_path) == folder
    assert s3.downloads == 1


def test_a_gated_model_that_lies_file_by_file_is_fetched_from_the_other_bucket(
    tmp_path: Path,
) -> None:
    s3 = catalogue(
        hosting_prepacked_artifact_key=FOLDER, hosting_artifact_key=ARCHIVE, gated_bucket=True
    )
    s3.objects |= {(GATED, f"{FOLDER}{name}"): content for name, content in tiny().items()}
    assert content_hash(fetch(s3, tmp_path)) == content_hash(TINY)


@pytest.mark.parametrize("key", [ARCHIVE, FOLDER])
def test_what_is_in_another_layout_is_refused_with_its_address(key: str, tmp_path: Path) -> None:
    s3 = catalogue(hosting_artifact_key=key)
    checkpoint = {"drawing_base_1.0.safetensors": b"weights", "config.yaml": b""}
    s3.objects[CONTENT, ARCHIVE] = archive(checkpoint)
    s3.objects |= {(CONTENT, f"{FOLDER}{name}"): c for name, c in checkpoint.items()}
    with pytest.raises(JumpStartError, match="is not in diffusers layout") as refusal:
        fetch(s3, tmp_path)
    assert f"s3://{CONTENT}/{key}" in str(refusal.value)


def test_an_archive_that_reaches_outside_its_folder_is_not_unpacked(tmp_path: Path) -> None:
    s3 = catalogue(hosting_artifact_key=ARCHIVE)
    s3.objects[CONTENT, ARCHIVE] = archive({"../../outside": b"x"})
    with pytest.raises(JumpStartError, match="cannot be unpacked"):
        fetch(s3, tmp_path)
    assert not list(tmp_path.rglob("outside"))


@pytest.mark.parametrize(
    ("source", "specs", "problem"),
    [
        ("jumpstart:model-none", {}, "Unable to find model manifest for 'model-none'"),
        (f"jumpstart:{MODEL}@9.0.0", {}, "with version '9.0.0'"),
        (f"jumpstart:{MODEL}", {}, "has no artifact in JumpStart that could be mirrored"),
        (
            f"jumpstart:{MODEL}",
            {"hosting_artifact_key": ARCHIVE, "deprecated": True, "deprecated_message": "Too old."},
            "is withdrawn from JumpStart: Too old.",
        ),
    ],
)
def test_what_the_catalogue_does_not_give_is_told(
    source: str, specs: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(JumpStartError, match=problem):
        fetch(catalogue(**specs), tmp_path, source)


def test_a_version_that_is_named_is_the_one_that_is_taken(tmp_path: Path) -> None:
    s3 = catalogue(hosting_artifact_key=ARCHIVE)
    s3.objects[CONTENT, "old.tar.gz"] = archive(tiny())
    folder = fetch(s3, tmp_path, f"jumpstart:{MODEL}@1.0.0")
    assert "1.0.0" in folder.parts


def test_a_region_without_jumpstart_and_a_licence_out_of_reach_are_told(tmp_path: Path) -> None:
    elsewhere = MemoryS3("mars-north-1")
    with pytest.raises(JumpStartError, match="mars-north-1"):
        fetch(elsewhere, tmp_path)
    s3 = catalogue(hosting_prepacked_artifact_key=FOLDER, hosting_eula_key="makers/eula.txt")
    s3.objects |= {(CONTENT, f"{FOLDER}{name}"): content for name, content in tiny().items()}
    with pytest.raises(JumpStartError, match=r"licence of .* cannot be read: AccessDenied"):
        fetch(s3, tmp_path)


def test_a_catalogue_that_may_not_be_read_and_missing_credentials_are_told(tmp_path: Path) -> None:
    with pytest.raises(BaseSourceError, match="cannot be read: AccessDenied"):
        fetch(MemoryS3(), tmp_path)
    with pytest.raises(BaseSourceError, match="needs AWS credentials"):
        fetch_base(f"jumpstart:{MODEL}", tmp_path, s3=None)
