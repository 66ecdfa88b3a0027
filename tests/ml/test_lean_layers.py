import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn

from inference.lean_layers import lay_lean

# More than one is meant.
pytestmark = pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
_NAMES = ("few_step", "subject")


def layer_of(base: nn.Module) -> LoraLayer:
    """Two LoRAs over it, both with numbers that show."""
    model = nn.ModuleDict({"layer": base})
    config = LoraConfig(r=4, lora_alpha=4, target_modules=["layer"], init_lora_weights=False)
    for name in _NAMES:
        inject_adapter_in_model(config, model, adapter_name=name)
    layer = model["layer"]
    assert isinstance(layer, LoraLayer)
    return layer


@pytest.mark.parametrize("on", [[], ["subject"], ["few_step", "subject"]])
@pytest.mark.parametrize("kind", ["linear", "convolution"])
@torch.no_grad()
def test_a_served_layer_says_what_pefts_says_bit_for_bit(kind: str, on: list[str]) -> None:
    torch.manual_seed(3)
    linear = kind == "linear"
    layer = layer_of(nn.Linear(16, 24) if linear else nn.Conv2d(3, 8, 3, padding=1))
    given = torch.randn(2, 5, 16) if linear else torch.randn(2, 3, 8, 8)
    layer.enable_adapters(enabled=bool(on))
    if on:
        layer.set_adapter(on)
    expected = layer(given)
    lay_lean(layer, on)
    assert torch.equal(layer(given), expected)
    without = layer.base_layer(given)
    assert torch.equal(expected, without) is not bool(on)


@torch.no_grad()
def test_other_numbers_in_place_are_used_at_once() -> None:
    layer = layer_of(nn.Linear(16, 24))
    lay_lean(layer, ["subject"])
    given = torch.randn(2, 16)
    for weight in (layer.lora_A["subject"].weight, layer.lora_B["subject"].weight):
        weight.data = torch.zeros_like(weight)  # as the slot lays its buffer in
    assert torch.equal(layer(given), layer.base_layer(given))
