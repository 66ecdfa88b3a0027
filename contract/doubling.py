"""`doubler/` beside a base model's parts: a small network that draws pictures at twice their size.

It works on pixels, whatever base made them, so it is published with a base, is no part of its hash,
and names none. `config.json` gives its size and the checksum of its weights, fp16 or fp32 tensors
of `inference.doubling.DoublerNetwork`. A base without one is enlarged by other means.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from contract.adapter import file_sha256, write_whole
from contract.base_model import SHA256_PATTERN
from contract.document import FORMAT, MAX_DOCUMENT_BYTES, parse_object, write_object
from contract.errors import BaseFolderError, ChecksumError

DOUBLER_FOLDER = "doubler"
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
_MAX_WIDTH, _MAX_BLOCKS = 256, 64


@dataclass(frozen=True)
class DoublerSize:
    """Channels between its layers, and how many residual blocks there are."""

    width: int
    blocks: int


def write_doubler(inside: Path, size: DoublerSize) -> None:
    """Describe the weights that lie in `inside`, the doubler's folder, beside them."""
    text = write_object(
        {
            "format": FORMAT,
            "width": size.width,
            "blocks": size.blocks,
            "sha256": file_sha256(inside / WEIGHTS_FILE),
        }
    )
    _read(text)
    write_whole(inside / CONFIG_FILE, text)


def doubler_files(names: Collection[str]) -> list[str]:
    """The doubler's files among a base's, by path from its root; none unless it is whole."""
    inside = [f"{DOUBLER_FOLDER}/{name}" for name in (CONFIG_FILE, WEIGHTS_FILE)]
    return inside if all(name in names for name in inside) else []


def checked_doubler(folder: Path) -> DoublerSize | None:
    """The size of the doubler in a base model's folder, None if there is none.

    Raises InvalidDocumentError, BaseFolderError if it is half there, and ChecksumError if its
    weights are another file.
    """
    inside = folder / DOUBLER_FOLDER
    config, weights = inside / CONFIG_FILE, inside / WEIGHTS_FILE
    if not config.exists() and not weights.exists():
        return None
    for path in (config, weights):
        if not path.exists():
            raise BaseFolderError(f"{DOUBLER_FOLDER}/{path.name} is missing")
    with config.open("rb") as file:
        size, sha256 = _read(file.read(MAX_DOCUMENT_BYTES + 1))
    if file_sha256(weights) != sha256:
        raise ChecksumError(f"{DOUBLER_FOLDER}/{WEIGHTS_FILE} differs from its {CONFIG_FILE}")
    return size


def _read(text: str | bytes) -> tuple[DoublerSize, str]:
    """Size and checksum; raises InvalidDocumentError for anything but an exact document."""
    fields = parse_object(text, "doubler")
    fields.format()
    size = DoublerSize(
        fields.integer("width", 1, _MAX_WIDTH), fields.integer("blocks", 1, _MAX_BLOCKS)
    )
    sha256 = fields.text("sha256", pattern=SHA256_PATTERN)
    fields.finish()
    return size, sha256
