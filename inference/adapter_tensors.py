"""Reading an adapter file that nobody is trusted to have made well."""

from dataclasses import dataclass

import torch
from safetensors import SafetensorError

from contract.adapter import (
    MAX_TOKEN_VECTORS,
    TOKEN_KEYS,
    UNET_PREFIX,
    AdapterManifest,
)
from contract.architecture import ARCHITECTURES
from contract.base_model import BaseModel
from inference.adapter_cache import CachedAdapter
from inference.adapter_layout import AdapterLayout
from inference.errors import AdapterError
from inference.mapped_tensors import mapped_tensors


@dataclass(frozen=True, eq=False)
class AdapterTensors:
    """A checked adapter in memory: LoRA in one buffer of the base's number format, and the rows of
    its word, (vectors, width) by encoder."""

    manifest: AdapterManifest
    layout: AdapterLayout
    flat: torch.Tensor
    vectors: tuple[torch.Tensor, ...]

    @property
    def size_bytes(self) -> int:
        """What it takes of its tier."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self._all)

    def to(self, device: torch.device) -> "AdapterTensors":
        """A copy on a device; from pinned memory it is made while the host goes on."""
        flat, *vectors = (tensor.to(device, non_blocking=True) for tensor in self._all)
        return AdapterTensors(self.manifest, self.layout, flat, tuple(vectors))

    def wipe(self) -> None:
        """Overwrite the tensors: they were erased, and freed memory keeps what it held."""
        for tensor in self._all:
            tensor.zero_()

    @property
    def _all(self) -> tuple[torch.Tensor, ...]:
        return (self.flat, *self.vectors)


def check_manifest(manifest: AdapterManifest, base: BaseModel) -> None:
    """Raise AdapterError unless the adapter says that it is for this base model."""
    if (manifest.base_model.hash, manifest.base_model.family) != (base.hash, base.family):
        raise AdapterError("adapter_mismatch", "The adapter was made for another base model.")
    if not ARCHITECTURES[base.family].may_adapt(manifest.targets):
        raise AdapterError("adapter_mismatch", "The adapter changes other modules than it may.")


def read_adapter(cached: CachedAdapter, widths: list[int], dtype: torch.dtype) -> AdapterTensors:
    """Read, check, and convert to the base's number format; `widths` are the text encoders'.

    With CUDA the buffer is page-locked: what the accelerator copies at full speed. Raises
    AdapterError; shapes of the LoRA tensors are checked where they are put in.
    """
    try:
        tensors = mapped_tensors(cached.file)
    except (SafetensorError, OSError, ValueError) as error:
        raise AdapterError("adapter_invalid", "The adapter's file cannot be read.") from error
    keys = TOKEN_KEYS[: len(widths)]
    vectors = [tensors.pop(key, torch.empty(0)) for key in keys]
    if any(not _is_table(table, width) for table, width in zip(vectors, widths, strict=True)):
        raise AdapterError("adapter_mismatch", "The adapter's token does not fit the base model.")
    if len({len(table) for table in vectors}) != 1:
        raise AdapterError("adapter_mismatch", "The adapter's tokens differ in length.")
    if any(not name.startswith(UNET_PREFIX) for name in tensors):
        raise AdapterError("adapter_mismatch", "The adapter holds tensors of other modules.")
    lora = {name.removeprefix(UNET_PREFIX): tensor for name, tensor in tensors.items()}
    layout = AdapterLayout.of(lora)
    flat = torch.zeros(layout.length, dtype=dtype, pin_memory=torch.cuda.is_available())
    for name, place in layout.views(flat).items():
        place.copy_(lora[name])
    # After the conversion: a number that is too large for half precision is infinite there.
    if not all(bool(torch.isfinite(tensor).all()) for tensor in (flat, *vectors)):
        raise _not_numbers()
    # The file is mapped: its own memory must not be held through the small tables.
    return AdapterTensors(cached.manifest, layout, flat, tuple(v.clone() for v in vectors))


def _not_numbers() -> AdapterError:
    return AdapterError("adapter_invalid", "The adapter holds values that are not numbers.")


def _is_table(tensor: torch.Tensor, width: int) -> bool:
    return tensor.dim() == 2 and tensor.shape[1] == width and 1 <= len(tensor) <= MAX_TOKEN_VECTORS
