import json
from pathlib import Path

import pytest

from contract.base_extras import extra_files
from contract.base_folder import content_hash, model_files
from contract.doubling import (
    CONFIG_FILE,
    DOUBLER_FOLDER,
    WEIGHTS_FILE,
    DoublerSize,
    checked_doubler,
    doubler_files,
    write_doubler,
)
from contract.errors import BaseFolderError, ChecksumError, InvalidDocumentError
from tests.unit.contract.test_base_folder import make, safetensors

FILES = [f"{DOUBLER_FOLDER}/{CONFIG_FILE}", f"{DOUBLER_FOLDER}/{WEIGHTS_FILE}"]
SIZE = DoublerSize(width=8, blocks=2)


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """The doubler's folder in a base."""
    folder = make(tmp_path) / DOUBLER_FOLDER
    folder.mkdir()
    (folder / WEIGHTS_FILE).write_bytes(safetensors())
    write_doubler(folder, SIZE)
    return folder


def test_a_doubler_goes_along_with_its_base_and_changes_no_hash(inside: Path) -> None:
    base = inside.parent
    assert checked_doubler(base) == SIZE
    assert not any(DOUBLER_FOLDER in file.parts for file in model_files(base))
    assert extra_files(["unet/config.json", *FILES]) == FILES
    assert doubler_files(FILES[:1]) == []
    with_it = content_hash(base)
    for path in inside.iterdir():
        path.unlink()
    assert content_hash(base) == with_it
    assert checked_doubler(base) is None


@pytest.mark.parametrize("name", [CONFIG_FILE, WEIGHTS_FILE])
def test_half_a_doubler_is_refused_by_name(inside: Path, name: str) -> None:
    (inside / name).unlink()
    with pytest.raises(BaseFolderError, match=f"doubler/{name} is missing"):
        checked_doubler(inside.parent)


def test_other_weights_than_the_described_ones_are_refused(inside: Path) -> None:
    (inside / WEIGHTS_FILE).write_bytes(safetensors() + b"\0")
    with pytest.raises(ChecksumError):
        checked_doubler(inside.parent)


@pytest.mark.parametrize("change", [{"width": 0}, {"blocks": 65}, {"sha256": "0"}, {"more": 1}])
def test_a_description_that_cannot_be_is_refused(inside: Path, change: dict[str, object]) -> None:
    path = inside / CONFIG_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InvalidDocumentError):
        checked_doubler(inside.parent)


def test_what_the_reader_would_refuse_is_not_written(inside: Path) -> None:
    with pytest.raises(InvalidDocumentError):
        write_doubler(inside, DoublerSize(width=0, blocks=1))
