"""Are a base model's weights whole: told from the first kilobytes of each file.

A safetensors file is 8 bytes of length (little-endian), a JSON header of that length that gives
each tensor its place, and the tensors: huggingface.co/docs/safetensors.
"""

import json

from contract.base_files import BaseFiles
from contract.base_layout import Layout
from contract.errors import BaseFolderError

_LENGTH_BYTES = 8
_MAX_HEADER_BYTES = 100 * 1024 * 1024  # the bound of the format itself


def check_weights(files: BaseFiles, layout: Layout) -> None:
    """Raise BaseFolderError unless every file is as long as its header says, and every shard holds
    what its index says."""
    sizes = files.sizes()
    for name, promised in layout.weights.items():
        ends = _ends(files, name)
        end, header = max(ends.values(), default=0), _header_bytes(files, name)
        if sizes[name] != _LENGTH_BYTES + header + end:
            raise BaseFolderError(f"{name} is cut off")
        if missing := promised - ends.keys():
            raise BaseFolderError(f"{name} lacks {len(missing)} of the tensors that are listed")


def _header_bytes(files: BaseFiles, name: str) -> int:
    length = int.from_bytes(files.read(name, 0, _LENGTH_BYTES), "little")
    if length > _MAX_HEADER_BYTES:
        raise BaseFolderError(f"{name} is damaged")
    return length


def _ends(files: BaseFiles, name: str) -> dict[str, int]:
    """Where each tensor ends, in bytes after the header."""
    try:
        header = json.loads(files.read(name, _LENGTH_BYTES, _header_bytes(files, name)))
        return {
            key: int(value["data_offsets"][1])
            for key, value in header.items()
            if key != "__metadata__"
        }
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BaseFolderError(f"{name} is damaged") from error
