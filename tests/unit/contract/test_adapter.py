import dataclasses
import hashlib
from pathlib import Path

import pytest

from contract.adapter import AdapterManifest, file_sha256, write_whole
from contract.base_model import BaseModel, Family
from contract.document import Scalar
from contract.errors import ChecksumError, InvalidDocumentError
from tests.unit.contract.documents import changed


def manifest(metrics: dict[str, Scalar] | None = None) -> AdapterManifest:
    content = b"tensors"
    return AdapterManifest(
        base_model=BaseModel("tiny-sd", "0" * 64, Family.SD),
        rank=4,
        targets=("to_q", "to_out.0"),
        token="<subject>",
        class_noun="person",
        training={"max_steps": 10},
        metrics=metrics or {},
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


def test_the_published_file_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "adapter.safetensors"
    file.write_bytes(b"tensors")
    manifest().verify(file)
    assert file_sha256(file) == hashlib.sha256(b"tensors").hexdigest()


@pytest.mark.parametrize(("content", "problem"), [(b"tensor", "size"), (b"tensorz", "checksum")])
def test_another_file_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "adapter.safetensors"
    file.write_bytes(content)
    with pytest.raises(ChecksumError, match=problem):
        manifest().verify(file)


@pytest.mark.parametrize(
    ("metrics", "finite"),
    [
        ({"loss_last": 0.5}, True),
        ({"loss_last": None}, False),
        ({}, False),
        ({"loss_last": True}, False),
    ],
)
def test_only_a_measured_number_counts_as_a_finite_loss(
    metrics: dict[str, Scalar], finite: bool
) -> None:
    assert manifest(metrics).has_finite_loss is finite


@pytest.mark.parametrize("target", [3, "", "../to_q", "To_Q", ".to_q"])
def test_a_target_must_name_a_module(target: object) -> None:
    text = changed(manifest().to_json(), lambda d: d.update(targets=[target]))
    with pytest.raises(InvalidDocumentError, match="targets"):
        AdapterManifest.from_json(text)


@pytest.mark.parametrize("token", ["subject", "<>", "<sub ject>", "<" + "s" * 32 + ">"])
def test_the_token_must_be_a_word_in_angle_brackets(token: str) -> None:
    with pytest.raises(InvalidDocumentError, match="token"):
        dataclasses.replace(manifest(), token=token).to_json()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    write_whole(file, "first")
    write_whole(file, b"second")
    assert file.read_text() == "second"
    assert list(tmp_path.iterdir()) == [file]


def test_the_subjects_kind_is_what_the_training_was_told() -> None:
    assert manifest().kind == ""
    assert dataclasses.replace(manifest(), training={"kind": "pet"}).kind == "pet"
