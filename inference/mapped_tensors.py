"""A safetensors file as tensors that lie in the mapped file.

What `safetensors.torch.load_file` returns, but for a few objects: up to 0.8.0 each call leaves two
Python integers a tensor behind, which a server that swaps adapters notices (160 objects, 5 KiB a
swap with the smallest of bases). So the library checks the file, and the tensors are laid here:
github.com/huggingface/safetensors#format.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

# The number formats that an adapter may come in; a file with another one is refused.
_DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
_LENGTH_BYTES = 8


def mapped_tensors(file: Path) -> dict[str, torch.Tensor]:
    """Tensors by name, which hold the file's mapping for as long as one of them lives.

    Raises SafetensorError for a file that is not whole or holds no floating point numbers, OSError.
    """
    with safe_open(file, framework="pt"):
        pass  # it is whole: its tensors cover what follows the header, without gap or overlap
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        header: dict[str, dict[str, Any]] = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    start = _LENGTH_BYTES + length
    content = torch.from_file(str(file), size=file.stat().st_size, dtype=torch.uint8)[start:]
    return {name: _laid(content, **facts) for name, facts in header.items()}


def _laid(
    content: torch.Tensor, dtype: str, shape: list[int], data_offsets: tuple[int, int]
) -> torch.Tensor:
    if dtype not in _DTYPES:
        raise SafetensorError(f"numbers of type {dtype}")
    begin, end = data_offsets
    try:
        return content[begin:end].view(_DTYPES[dtype]).view(shape)
    except RuntimeError as error:  # not aligned, as the library would have written it
        raise SafetensorError("a tensor begins at an odd place") from error
