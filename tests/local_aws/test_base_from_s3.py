"""Base models from a bucket, and into one."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from bases.licence import Acceptance, Licence, licence_in
from bases.publish import main
from bases.source import SHIPPED, SHIPPED_FOLDER, BaseSourceError, fetch_base
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


def test_the_command_mirrors_a_base_once_somebody_has_accepted_its_licence(
    aws: EmbeddedAws,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    s3, key = aws.client("s3"), "base/mirrored/licence.json"
    command = ["--source", "tiny-sd", "--id", "mirrored", "--bucket", bucket]
    assert main(command) == 1
    said = capsys.readouterr().err
    licence = licence_in(SHIPPED_FOLDER)
    assert licence.text.strip() in said
    assert f"--accept-licence {licence.sha256[:12]}" in said
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="base/mirrored/")

    assert main([*command, "--accept-licence", licence.sha256[:12]]) == 0
    kept = Acceptance.from_json(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    caller = aws.client("sts").get_caller_identity()["Arn"]
    assert (kept.licence, kept.accepted_by) == (licence, caller)
    assert main(command) == 0  # the same text needs no second yes

    other = Licence("TERMS.txt", "Never at night.")
    (tmp_path / other.name).write_text(other.text)
    assert main([*command, "--licence-file", str(tmp_path / other.name)]) == 1
    assert other.sha256[:12] in capsys.readouterr().err
