"""Reading an adapter file that nobody is trusted to have made well."""

from dataclasses import dataclass

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from contract.adapter import (
    MAX_TOKEN_VECTORS,
    TARGETS,
    TOKEN_KEYS,
    UNET_PREFIX,
    AdapterManifest,
)
from contract.base_model import BaseModel
from inference.adapter_cache import CachedAdapter
from inference.errors import AdapterError

_FLOATS = {torch.float32, torch.float16, torch.bfloat16}


@dataclass(frozen=True)
class AdapterTensors:
    """An adapter in memory: LoRA tensors by module name, token rows by encoder."""

    rank: int
    lora: dict[str, torch.Tensor]
    vectors: list[torch.Tensor]


def check_manifest(manifest: AdapterManifest, base: BaseModel) -> None:
    """Raise AdapterError unless the adapter says that it is for this base model."""
    if (manifest.base_model.hash, manifest.base_model.family) != (base.hash, base.family):
        raise AdapterError("adapter_mismatch", "The adapter was made for another base model.")
    if sorted(manifest.targets) != sorted(TARGETS):
        raise AdapterError("adapter_mismatch", "The adapter changes other modules than it may.")


def read_adapter(cached: CachedAdapter, widths: list[int]) -> AdapterTensors:
    """Read and check; `widths` are the text encoders' embedding widths.

    Raises AdapterError; shapes of the LoRA tensors are checked where they are put in.
    """
    try:
        tensors = load_file(cached.file)
    except (SafetensorError, OSError, ValueError) as error:
        raise AdapterError("adapter_invalid", "The adapter's file cannot be read.") from error
    keys = TOKEN_KEYS[: len(widths)]
    vectors = [tensors.pop(key, torch.empty(0)) for key in keys]
    if any(not _is_table(table, width) for table, width in zip(vectors, widths, strict=True)):
        raise AdapterError("adapter_mismatch", "The adapter's token does not fit the base model.")
    if len({len(table) for table in vectors}) != 1:
        raise AdapterError("adapter_mismatch", "The adapter's tokens differ in length.")
    lora = {name.removeprefix(UNET_PREFIX): tensor for name, tensor in tensors.items()}
    if any(not name.startswith(UNET_PREFIX) for name in tensors):
        raise AdapterError("adapter_mismatch", "The adapter holds tensors of other modules.")
    for tensor in (*vectors, *lora.values()):
        if tensor.dtype not in _FLOATS or not bool(torch.isfinite(tensor).all()):
            raise AdapterError("adapter_invalid", "The adapter holds values that are not numbers.")
    return AdapterTensors(cached.manifest.rank, lora, vectors)


def _is_table(tensor: torch.Tensor, width: int) -> bool:
    return tensor.dim() == 2 and tensor.shape[1] == width and 1 <= len(tensor) <= MAX_TOKEN_VECTORS
