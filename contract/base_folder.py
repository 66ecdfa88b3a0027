"""A base model's folder in diffusers layout: is it whole, and what is its hash.

Publishing, training and serving ask the same question, so an incomplete or damaged base is one
clear error in all three, before any weight is loaded.
"""

import hashlib
from pathlib import Path

from contract.adapter import file_sha256
from contract.base_files import BaseFiles, FolderFiles
from contract.base_layout import Layout, family_in, layout_of
from contract.base_model import BASE_FILE, BaseModel, Family
from contract.base_settings import check_settings
from contract.base_weights import check_weights
from contract.errors import BaseFolderError


def checked(files: BaseFiles, *, prefer_half: bool = False) -> Layout:
    """The model's files, wherever they are; reads configuration and headers, and no weights.

    Raises BaseFolderError: a part, file or shard is missing, cut off, damaged or a pickle, or the
    parts do not fit each other or any family that we know.
    """
    layout = layout_of(files, prefer_half=prefer_half)
    check_settings(files, layout)
    check_weights(files, layout)
    return layout


def family_of(folder: Path) -> Family:
    """The architecture that `model_index.json` declares."""
    return family_in(FolderFiles(folder))


def variant_of(folder: Path) -> str | None:
    """`fp16` where only half-precision weight files are there, else None."""
    return layout_of(FolderFiles(folder)).variant


def described(folder: Path) -> BaseModel:
    """The published base model in `folder`: complete, and with a `base.json` that fits it."""
    try:
        base = BaseModel.from_json((folder / BASE_FILE).read_bytes())
    except OSError as error:
        raise BaseFolderError(f"{BASE_FILE} is missing") from error
    if family_of(folder) is not base.family:
        raise BaseFolderError(f"{BASE_FILE} and model_index.json name different families")
    model_files(folder)
    return base


def model_files(folder: Path) -> list[Path]:
    """The files that make the model, relative and sorted; raises BaseFolderError if not whole."""
    return [Path(name) for name in checked(FolderFiles(folder)).files]


def content_hash(folder: Path) -> str:
    """SHA-256 over names, sizes and SHA-256 of the model's files: 64 hex digits."""
    digest = hashlib.sha256()
    for file in model_files(folder):
        path = folder / file
        digest.update(f"{file.as_posix()} {path.stat().st_size} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
