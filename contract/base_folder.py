"""A base model's folder in diffusers layout: is it whole, and what is its hash.

Publishing, training and serving ask the same question, so an incomplete or damaged base is one
clear error in all three, before any weight is loaded.
"""

import hashlib
import json
from pathlib import Path

from contract.adapter import file_sha256
from contract.base_model import BASE_FILE, BaseModel, Family
from contract.document import Fields, parse_object
from contract.errors import ContractError

_FAMILIES = {"StableDiffusionPipeline": Family.SD, "StableDiffusionXLPipeline": Family.SDXL}
_WEIGHTS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
_TEXT_WEIGHTS = "model"
_HALF = "fp16"
_PLAIN_SUFFIXES = {".json", ".txt"}
_MAX_HEADER_BYTES = 100 * 1024 * 1024  # the bound of the safetensors format itself


class BaseFolderError(ContractError):
    """The folder is no complete base model; the message names the missing or damaged file."""


def family_of(folder: Path) -> Family:
    """The architecture that `model_index.json` declares."""
    fields = _json(folder, "model_index.json")
    name = fields.take("_class_name")
    if not isinstance(name, str) or name not in _FAMILIES:
        raise BaseFolderError(f"model_index.json is not of {' or '.join(_FAMILIES)}")
    return _FAMILIES[name]


def variant_of(folder: Path) -> str | None:
    """`fp16` where only half-precision weight files are there, else None."""
    plain = folder / "unet" / f"{_WEIGHTS['unet']}.safetensors"
    index = folder / "unet" / f"{_WEIGHTS['unet']}.safetensors.index.json"
    return None if plain.exists() or index.exists() else _HALF


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
    """The files that make the model, relative and sorted; raises BaseFolderError if not whole.

    Alternatives that are not needed (other precisions, other frameworks) are left out.
    """
    encoders = (
        ["text_encoder", "text_encoder_2"] if family_of(folder) is Family.SDXL else ["text_encoder"]
    )
    tokenizers = [name.replace("text_encoder", "tokenizer") for name in encoders]
    variant = variant_of(folder)
    files = [Path("model_index.json")]
    for part in ("unet", "vae", "scheduler", *encoders, *tokenizers):
        if not (folder / part).is_dir():
            raise BaseFolderError(f"{part}/ is missing")
        settings = sorted(
            path.relative_to(folder)
            for path in (folder / part).iterdir()
            if path.suffix in _PLAIN_SUFFIXES and not path.name.endswith(".index.json")
        )
        if not settings:
            raise BaseFolderError(f"{part}/ has no configuration")
        files += settings
    for part in ("unet", "vae", *encoders):
        files += _weights(folder, part, variant)
    return sorted(files)


def content_hash(folder: Path) -> str:
    """SHA-256 over names, sizes and SHA-256 of the model's files: 64 hex digits."""
    digest = hashlib.sha256()
    for file in model_files(folder):
        path = folder / file
        digest.update(f"{file.as_posix()} {path.stat().st_size} {file_sha256(path)}\n".encode())
    return digest.hexdigest()


def _json(folder: Path, name: str) -> Fields:
    try:
        return parse_object((folder / name).read_bytes(), name, maximum_bytes=64 * 1024 * 1024)
    except OSError as error:
        raise BaseFolderError(f"{name} is missing") from error


def _weights(folder: Path, part: str, variant: str | None) -> list[Path]:
    stem = _WEIGHTS.get(part, _TEXT_WEIGHTS)
    whole = f"{part}/{stem}.{variant}.safetensors" if variant else f"{part}/{stem}.safetensors"
    index = f"{part}/{stem}.safetensors.index.{variant}.json" if variant else f"{whole}.index.json"
    if (folder / whole).exists():
        names = [whole]
    elif (folder / index).exists():
        shards = _json(folder, index).take("weight_map")
        entries = set(shards.values()) if isinstance(shards, dict) else set()
        names = [index, *sorted(f"{part}/{Path(str(name)).name}" for name in entries)]
    else:
        raise BaseFolderError(f"{whole} is missing")
    for name in names:
        if name != index:
            _check_safetensors(folder, name)
    return [Path(name) for name in names]


def _check_safetensors(folder: Path, name: str) -> None:
    """Whether the file is as long as its header says (huggingface.co/docs/safetensors: 8 bytes
    little-endian length, JSON header, data)."""
    try:
        with (folder / name).open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _MAX_HEADER_BYTES:
                raise BaseFolderError(f"{name} is damaged")
            header = json.loads(file.read(length))
            entries = [value for key, value in header.items() if key != "__metadata__"]
            end = max((int(entry["data_offsets"][1]) for entry in entries), default=0)
            whole = (folder / name).stat().st_size == 8 + length + end
    except FileNotFoundError as error:
        raise BaseFolderError(f"{name} is missing") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BaseFolderError(f"{name} is damaged") from error
    if not whole:
        raise BaseFolderError(f"{name} is cut off")
