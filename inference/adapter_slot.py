"""The place in the UNet that adapters are swapped through.

LoRA layers of fixed rank are injected once; another subject's tensors are then copied over the old
ones. Nothing is rebuilt, allocated or left behind, and a swap costs what copying costs.
"""

import torch
from diffusers import UNet2DConditionModel

from contract.adapter import TARGETS, AdapterManifest
from inference.active_adapters import ActiveAdapters
from inference.adapter_tensors import AdapterTensors
from inference.errors import AdapterError

_NAME = "subject"


class AdapterSlot:
    """Holds one adapter or none."""

    def __init__(self, unet: UNet2DConditionModel, active: ActiveAdapters) -> None:
        self._unet = unet
        self._active = active
        self._rank: int | None = None
        self._parameters: dict[str, torch.nn.Parameter] = {}
        self._held: AdapterManifest | None = None

    @property
    def held(self) -> AdapterManifest | None:
        """The adapter whose tensors are in place, active or not."""
        return self._held

    def put(self, manifest: AdapterManifest, tensors: AdapterTensors) -> None:
        """Copy an adapter in and switch it on. Raises AdapterError and changes nothing if it does
        not fit."""
        if tensors.rank != self._rank:
            self._inject(tensors.rank)
        self._check(tensors.lora)
        self._held = None  # a copy that fails half-way must not pass for either adapter
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(tensors.lora[name])
        self._held = manifest
        self.switch(on=True)

    def clear(self) -> None:
        """Overwrite what is held: it was erased."""
        self.switch(on=False)
        self._held = None
        with torch.no_grad():
            for parameter in self._parameters.values():
                parameter.zero_()

    def switch(self, *, on: bool) -> None:
        """Whether the adapter takes part; off is exactly the base model."""
        if self._rank is not None:
            self._active.switch(_NAME, on=on)

    def _check(self, lora: dict[str, torch.Tensor]) -> None:
        if lora.keys() != self._parameters.keys() or any(
            lora[name].shape != parameter.shape for name, parameter in self._parameters.items()
        ):
            raise AdapterError("adapter_mismatch", "The adapter does not fit the base model.")

    def _inject(self, rank: int) -> None:
        """Make room for adapters of this rank; happens again only when a recipe's rank changes."""
        if self._rank is not None:
            self._unet.delete_adapters(_NAME)
        self._rank, self._held = None, None
        self._active.add(_NAME, rank, [*TARGETS], on=True)
        self._rank = rank
        self._parameters = {}
        for name, parameter in self._unet.named_parameters():
            if f".{_NAME}." in name:
                parameter.requires_grad_(requires_grad=False)
                parameter.data = parameter.data.to(self._unet.dtype)
                self._parameters[name.replace(f".{_NAME}.", ".")] = parameter
