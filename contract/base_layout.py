"""Which files make a base model: found by the names that diffusers gives them.

Alternatives that are not needed (other precisions, other frameworks) are left out. Weights come as
safetensors only: the older formats are pickles, which run code when they are loaded.
"""

from dataclasses import dataclass

from contract.architecture import ARCHITECTURES, Architecture
from contract.base_files import BaseFiles
from contract.base_model import Family
from contract.document import Fields, parse_object
from contract.errors import BaseFolderError

HALF = "fp16"
INDEX_FILE = "model_index.json"
_MODEL_STEM, _ENCODER_STEM = "diffusion_pytorch_model", "model"
# Configuration, and a tokenizer's vocabulary (`.model`: SentencePiece).
_PLAIN_SUFFIXES = (".json", ".txt", ".model")
_INDICES = (".safetensors.index.", ".bin.index.")
_PICKLES = (".bin", ".ckpt", ".pt", ".pth")
_MAX_JSON_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Layout:
    """A base model's files, sorted: `plain` ones and `weights`, each with the tensors that an index
    promises of it (none where there is no index)."""

    family: Family
    variant: str | None
    plain: tuple[str, ...]
    weights: dict[str, frozenset[str]]

    @property
    def files(self) -> list[str]:
        """All of them."""
        return sorted((*self.plain, *self.weights))


def layout_of(files: BaseFiles, *, prefer_half: bool = False) -> Layout:
    """Find the model's files by name; raises BaseFolderError for the first one that is missing.

    `prefer_half` takes half-precision weights where both are there: half as much to fetch.
    """
    sizes = files.sizes()
    family = family_in(files)
    architecture = ARCHITECTURES[family]
    heavy = (architecture.denoiser, "vae", *architecture.text_encoders)
    plain = [INDEX_FILE]
    for part in (*heavy, "scheduler", *architecture.tokenizers):
        inside = [name for name in sizes if name.startswith(f"{part}/")]
        if not inside:
            raise BaseFolderError(f"{part}/ is missing")
        settings = [
            name
            for name in inside
            if name.endswith(_PLAIN_SUFFIXES) and not any(index in name for index in _INDICES)
        ]
        if not any(name.endswith(".json") for name in settings):
            raise BaseFolderError(f"{part}/ has no configuration")
        plain += settings
    variant = _variant(sizes, architecture, heavy, prefer_half=prefer_half)
    weights: dict[str, frozenset[str]] = {}
    for part in heavy:
        whole, index = _names(part, architecture, variant)
        if whole in sizes:
            weights[whole] = frozenset()
        elif index in sizes:
            plain.append(index)
            weights |= _shards(files, sizes, part, index)
        else:
            raise _no_weights(sizes, part, whole)
    return Layout(family, variant, tuple(sorted(plain)), weights)


def family_in(files: BaseFiles) -> Family:
    """The architecture that `model_index.json` declares."""
    name = json_of(files, INDEX_FILE).take("_class_name")
    for family, architecture in ARCHITECTURES.items():
        if name == architecture.pipeline:
            return family
    known = ", ".join(one.pipeline for one in ARCHITECTURES.values())
    raise BaseFolderError(f"{INDEX_FILE} is not of a known family: {known}")


def json_of(files: BaseFiles, name: str) -> Fields:
    """A JSON file's fields."""
    if name not in files.sizes():
        raise BaseFolderError(f"{name} is missing")
    return parse_object(files.read(name, 0, _MAX_JSON_BYTES + 1), name, _MAX_JSON_BYTES)


def _variant(
    sizes: dict[str, int], architecture: Architecture, heavy: tuple[str, ...], *, prefer_half: bool
) -> str | None:
    def there(part: str, variant: str | None) -> bool:
        return any(name in sizes for name in _names(part, architecture, variant))

    if not there(architecture.denoiser, None):
        return HALF if there(architecture.denoiser, HALF) else None
    return HALF if prefer_half and all(there(part, HALF) for part in heavy) else None


def _names(part: str, architecture: Architecture, variant: str | None) -> tuple[str, str]:
    """The file with all weights, and the index where they are in shards instead."""
    stem = _ENCODER_STEM if part in architecture.text_encoders else _MODEL_STEM
    if variant is None:
        return (
            f"{part}/{stem}.safetensors",
            f"{part}/{stem}.safetensors.index.json",
        )
    return (
        f"{part}/{stem}.{variant}.safetensors",
        f"{part}/{stem}.safetensors.index.{variant}.json",
    )


def _shards(
    files: BaseFiles, sizes: dict[str, int], part: str, index: str
) -> dict[str, frozenset[str]]:
    """The shards that an index names, each with its tensors."""
    places = json_of(files, index).take("weight_map")
    if not isinstance(places, dict) or not places:
        raise BaseFolderError(f"{index} lists no weights")
    shards: dict[str, set[str]] = {}
    for tensor, file in places.items():
        # Only the last part of the name: a shard lies beside its index and nowhere else.
        shards.setdefault(f"{part}/{str(file).rpartition('/')[2]}", set()).add(tensor)
    for name in sorted(shards):
        if name not in sizes:
            raise BaseFolderError(f"{name} is missing, which {index} lists")
        if not name.endswith(".safetensors"):
            raise BaseFolderError(f"{index} lists {name}, which is no safetensors file")
    return {name: frozenset(tensors) for name, tensors in shards.items()}


def _no_weights(sizes: dict[str, int], part: str, whole: str) -> BaseFolderError:
    pickles = [n for n in sizes if n.startswith(f"{part}/") and n.endswith(_PICKLES)]
    if pickles:
        return BaseFolderError(
            f"{min(pickles)} is a pickle, which can run code when it is loaded:"
            " convert the weights to safetensors"
        )
    return BaseFolderError(f"{whole} is missing")
