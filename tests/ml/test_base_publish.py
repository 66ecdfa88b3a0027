import shutil
from pathlib import Path

import pytest

from bases.publish import AlreadyPublishedError, main, publish
from contract.adapter import file_sha256
from contract.base_folder import content_hash
from contract.base_model import BaseModel, Family
from contract.errors import BaseFolderError
from tests.ml.buckets import MemoryBucket
from tests.ml.clip_pair import save_clip


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket()


def test_weights_and_bootstrap_come_first_and_the_description_last(
    sd_base: Path, bucket: MemoryBucket
) -> None:
    published = publish(sd_base, "tiny-sd", bucket)
    assert published == BaseModel("tiny-sd", content_hash(sd_base), Family.SD)
    assert bucket.uploads[-1] == "base/tiny-sd/base.json"
    assert BaseModel.from_json(bucket.objects["base/tiny-sd/base.json"]) == published
    assert "base/tiny-sd/unet/diffusion_pytorch_model.safetensors" in bucket.objects
    assert b"def transform_fn" in bucket.objects["base/tiny-sd/code/inference.py"]


def test_an_image_encoder_goes_along_and_changes_no_hash(
    sd_base: Path, bucket: MemoryBucket, tmp_path: Path
) -> None:
    shutil.copytree(sd_base, tmp_path / "base")
    save_clip(tmp_path / "base")
    published = publish(tmp_path / "base", "tiny-sd", bucket)
    assert published.hash == content_hash(sd_base)
    sent = {key.removeprefix("base/tiny-sd/clip/") for key in bucket.uploads if "/clip/" in key}
    assert sent == {"config.json", "model.safetensors", "text_projection.safetensors"}


def test_publishing_again_sends_nothing(sd_base: Path, bucket: MemoryBucket) -> None:
    publish(sd_base, "tiny-sd", bucket)
    bucket.uploads.clear()
    publish(sd_base, "tiny-sd", bucket)
    assert bucket.uploads == []


def test_an_interrupted_upload_goes_on_where_it_stopped(
    sd_base: Path, bucket: MemoryBucket
) -> None:
    publish(sd_base, "tiny-sd", bucket)
    lost = "base/tiny-sd/vae/diffusion_pytorch_model.safetensors"
    for key in (lost, "base/tiny-sd/base.json"):
        bucket.objects.pop(key)
        bucket.digests.pop(key, None)
    bucket.uploads.clear()
    publish(sd_base, "tiny-sd", bucket)
    assert bucket.uploads == [lost, "base/tiny-sd/base.json"]


def test_other_weights_do_not_replace_a_published_base_unasked(
    sd_base: Path, bucket: MemoryBucket, tmp_path: Path
) -> None:
    publish(sd_base, "tiny-sd", bucket)
    shutil.copytree(sd_base, tmp_path / "other")
    config = tmp_path / "other" / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text() + " ")
    before = dict(bucket.objects)
    with pytest.raises(AlreadyPublishedError, match="adapters may depend on it"):
        publish(tmp_path / "other", "tiny-sd", bucket)
    assert bucket.objects == before
    replaced = publish(tmp_path / "other", "tiny-sd", bucket, replace=True)
    assert BaseModel.from_json(bucket.objects["base/tiny-sd/base.json"]) == replaced
    key = "base/tiny-sd/scheduler/scheduler_config.json"
    assert bucket.digests[key] == file_sha256(config)


def test_an_incomplete_folder_is_refused_before_any_upload(
    sd_base: Path, bucket: MemoryBucket, tmp_path: Path
) -> None:
    shutil.copytree(sd_base, tmp_path / "half")
    shutil.rmtree(tmp_path / "half" / "vae")
    with pytest.raises(BaseFolderError, match="vae/ is missing"):
        publish(tmp_path / "half", "tiny-sd", bucket)
    assert bucket.objects == {}


def test_the_command_says_what_is_wrong_with_its_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--source", str(tmp_path / "no"), "--id", "x", "--bucket", "models"]) == 1
    assert "is no folder, no s3://bucket/prefix, no hub id" in capsys.readouterr().err
