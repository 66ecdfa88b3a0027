"""Which of the LoRAs in the UNet take part in a request: the subject's, the few-step one, or none.

With none, every layer is exactly the base model's; a LoRA that is off leaves no trace in the sum of
those that are on. Nothing is allocated or rebuilt by switching.
"""

import warnings

from diffusers import UNet2DConditionModel
from peft import LoraConfig
from peft.tuners.lora import LoraLayer

from inference.lean_layers import lay_lean


class ActiveAdapters:
    """The switches of one UNet, and the only way to put layers into it."""

    def __init__(self, unet: UNet2DConditionModel, *, is_compiled: bool = False) -> None:
        """Compiled blocks keep peft's own layers: what these ask at each call is compiled out."""
        self._unet = unet
        self._is_compiled = is_compiled
        self._on: set[str] = set()

    def add(self, name: str, rank: int, modules: list[str], *, on: bool) -> None:
        """New layers of scale 1 for these modules. Raises ValueError for modules that are none."""
        config = LoraConfig(r=rank, lora_alpha=rank, target_modules=modules)
        with warnings.catch_warnings():
            # peft asks whether more than one is meant.
            warnings.filterwarnings("ignore", message="Already found a `peft_config`")
            self._unet.add_adapter(config, adapter_name=name)
        self._on = self._on - {name} | ({name} if on else set())
        self._apply()

    def switch(self, name: str, *, on: bool) -> None:
        """Whether the LoRA of that name takes part."""
        if (name in self._on) is not on:
            self._on ^= {name}
            self._apply()

    def _apply(self) -> None:
        # Sorted, so that sums are made in the same order whatever was switched on first.
        names = sorted(self._on)
        for module in self._unet.modules():
            if isinstance(module, LoraLayer):
                module.enable_adapters(enabled=bool(names))
                if names:
                    module.set_adapter(names, inference_mode=True)
                if not self._is_compiled:
                    lay_lean(module, names)
