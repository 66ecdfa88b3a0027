"""Base models from a bucket."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from bases.source import SHIPPED, BaseSourceError, fetch_base
from contract.base_folder import content_hash, model_files
from contract.errors import BaseFolderError
from local_aws.testing import EmbeddedAws


@pytest.fixture
def bucket(aws: EmbeddedAws) -> str:
    name = f"bases-{uuid.uuid4().hex[:8]}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    for file in model_files(SHIPPED["tiny-sd"]):
        s3.upload_file(str(SHIPPED["tiny-sd"] / file), name, f"bases/mine/{file.as_posix()}")
    for part in ("config.json", "model.safetensors", "text_projection.safetensors"):
        s3.put_object(Bucket=name, Key=f"bases/mine/clip/{part}", Body=part.encode())
    return name


def test_a_prefix_is_checked_and_fetched_once(
    aws: EmbeddedAws, bucket: str, tmp_path: Path
) -> None:
    s3 = aws.client("s3")
    folder = fetch_base(f"s3://{bucket}/bases/mine", tmp_path, s3=s3)
    assert content_hash(folder) == content_hash(SHIPPED["tiny-sd"])
    assert (folder / "clip" / "model.safetensors").read_bytes() == b"model.safetensors"
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    before = weights.stat().st_mtime_ns
    assert fetch_base(f"s3://{bucket}/bases/mine/", tmp_path, s3=s3) == folder
    assert weights.stat().st_mtime_ns == before


def test_what_is_wrong_in_the_bucket_is_told_before_weights_are_fetched(
    aws: EmbeddedAws, bucket: str, tmp_path: Path
) -> None:
    s3 = aws.client("s3")
    key = "bases/mine/unet/diffusion_pytorch_model.safetensors"
    whole = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=whole[:-7])
    with pytest.raises(BaseFolderError, match=r"unet/diffusion_pytorch_model\.safetensors is cut"):
        fetch_base(f"s3://{bucket}/bases/mine", tmp_path, s3=s3)
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_or_prefix_that_is_not_there_is_told(
    aws: EmbeddedAws, bucket: str, tmp_path: Path
) -> None:
    s3 = aws.client("s3")
    with pytest.raises(BaseSourceError, match=f"there is nothing in s3://{bucket}/other/"):
        fetch_base(f"s3://{bucket}/other", tmp_path, s3=s3)
    with pytest.raises(BaseSourceError, match="cannot be read: NoSuchBucket"):
        fetch_base("s3://no-such-bucket-here/other", tmp_path, s3=s3)
