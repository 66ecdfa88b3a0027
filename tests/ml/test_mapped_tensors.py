import gc
import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from inference.mapped_tensors import mapped_tensors

_TENSORS = 32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    formats = (torch.float16, torch.bfloat16, torch.float32)
    tensors = {f"t{n}": torch.randn(4, 8 + n).to(formats[n % 3]) for n in range(_TENSORS)}
    save_file(tensors, tmp_path / "a.safetensors", {"made": "here"})
    return tmp_path / "a.safetensors"


def test_the_tensors_are_those_that_the_library_reads(file: Path) -> None:
    ours, theirs = mapped_tensors(file), load_file(file)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert tensor.dtype == theirs[name].dtype
        assert torch.equal(tensor, theirs[name])


def test_reading_again_and_again_leaves_nothing_behind(file: Path) -> None:
    mapped_tensors(file)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(50):
        mapped_tensors(file)
    gc.collect()
    # The library's own way leaves two integers a tensor: 3,200 blocks here.
    assert sys.getallocatedblocks() - before < 50 * _TENSORS / 4


def test_numbers_that_no_adapter_has_are_refused(tmp_path: Path) -> None:
    save_file({"t": torch.arange(4)}, tmp_path / "a.safetensors")
    with pytest.raises(SafetensorError, match="I64"):
        mapped_tensors(tmp_path / "a.safetensors")


def test_a_tensor_at_an_odd_place_is_refused(tmp_path: Path) -> None:
    header = json.dumps({"t": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    header += b" " * (1 - len(header) % 2)  # of odd length
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 4)
    with pytest.raises(SafetensorError):
        mapped_tensors(tmp_path / "a")


def test_a_file_that_was_cut_off_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(SafetensorError):
        mapped_tensors(file)
