"""The place in the UNet that adapters are swapped through.

LoRA layers of fixed rank are injected once, their weights laid into one buffer; another subject's
buffer is then copied over it. Nothing is rebuilt, allocated or left behind, compiled code stays
valid, and a swap costs what copying costs.
"""

import torch
from diffusers import UNet2DConditionModel

from contract.adapter import AdapterManifest
from inference.active_adapters import ActiveAdapters
from inference.adapter_layout import AdapterLayout
from inference.adapter_tensors import AdapterTensors
from inference.errors import AdapterError

_NAME = "subject"


class AdapterSlot:
    """Holds one adapter or none."""

    def __init__(self, unet: UNet2DConditionModel, active: ActiveAdapters) -> None:
        self._unet = unet
        self._active = active
        self._made_for: tuple[int, tuple[str, ...]] | None = None
        self._layout = AdapterLayout(())
        self._flat = torch.empty(0)
        self._held: AdapterManifest | None = None

    @property
    def held(self) -> AdapterManifest | None:
        """The adapter whose tensors are in place, active or not."""
        return self._held

    @property
    def is_empty(self) -> bool:
        """Whether nothing of any adapter is left in it."""
        return self._held is None and not bool(self._flat.any())

    def put(self, tensors: AdapterTensors) -> None:
        """Copy an adapter in and switch it on. Raises AdapterError and changes nothing if it does
        not fit."""
        manifest = tensors.manifest
        if (manifest.rank, manifest.targets) != self._made_for:
            self._inject(manifest.rank, manifest.targets)
        if tensors.layout != self._layout:
            raise AdapterError("adapter_mismatch", "The adapter does not fit the base model.")
        self._held = None  # a copy that fails half-way must not pass for either adapter
        self._flat.copy_(tensors.flat, non_blocking=True)
        self._held = manifest
        self.switch(on=True)

    def clear(self) -> None:
        """Overwrite what is held: it was erased."""
        self.switch(on=False)
        self._held = None
        self._flat.zero_()

    def switch(self, *, on: bool) -> None:
        """Whether the adapter takes part; off is exactly the base model."""
        if self._made_for is not None:
            self._active.switch(_NAME, on=on)

    def _inject(self, rank: int, modules: tuple[str, ...]) -> None:
        """Make room for adapters of this rank; happens again only when a recipe changes."""
        if self._made_for is not None:
            self._unet.delete_adapters(_NAME)
        self._made_for, self._held = None, None
        self._active.add(_NAME, rank, [*modules], on=True)
        self._made_for = rank, modules
        parameters = {
            name.replace(f".{_NAME}.", "."): parameter
            for name, parameter in self._unet.named_parameters()
            if f".{_NAME}." in name
        }
        self._layout = AdapterLayout.of(parameters)
        self._flat = torch.zeros(
            self._layout.length, dtype=self._unet.dtype, device=self._unet.device
        )
        for name, place in self._layout.views(self._flat).items():
            parameters[name].requires_grad_(requires_grad=False)
            parameters[name].data = place
