"""What makes a training step quick changes nothing of what it learns."""

import pytest
import torch
from peft import LoraConfig
from peft.tuners.lora import Linear

from training.flat import Flat
from training.lora_linear import LoraLinear


def layers(*, bias: bool, dtype: torch.dtype) -> tuple[Linear, LoraLinear]:
    """peft's layer and ours over one frozen base, with the same LoRA, fp32."""
    torch.manual_seed(5)
    base = torch.nn.Linear(6, 4, bias=bias, dtype=dtype).requires_grad_(requires_grad=False)
    config = LoraConfig(r=3, lora_alpha=3, init_lora_weights=False)
    theirs, ours = (
        kind(base, "subject", config=config, r=3, lora_alpha=3) for kind in (Linear, LoraLinear)
    )
    for layer in (theirs, ours):
        layer.lora_A.float()
        layer.lora_B.float()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_lora_written_out_is_pefts(bias: bool, dtype: torch.dtype) -> None:
    theirs, ours = layers(bias=bias, dtype=dtype)
    given, results = torch.randn(2, 5, 6, dtype=dtype), []
    for layer in (theirs, ours):
        x = given.clone().requires_grad_()
        out = layer(x)
        out.square().sum().backward()
        matrices = layer.lora_A["subject"].weight, layer.lora_B["subject"].weight
        results.append([out, x.grad, *(matrix.grad for matrix in matrices)])
    for expected, found in zip(*results, strict=True):
        assert found.dtype is expected.dtype
        if dtype is torch.float32:
            torch.testing.assert_close(found, expected)
        else:  # three digits: sums in another order differ in the last
            torch.testing.assert_close(found, expected, rtol=0.03, atol=0.01)


def test_lora_switched_off_is_the_base() -> None:
    _, ours = layers(bias=True, dtype=torch.float32)
    x = torch.randn(2, 6)
    tuned = ours(x)
    ours.enable_adapters(enabled=False)
    torch.testing.assert_close(ours(x), ours.base_layer(x))
    assert not torch.allclose(ours(x), tuned)


def test_steps_on_the_whole_move_the_parameters_as_steps_on_each() -> None:
    start = [torch.randn(2, 3), torch.randn(4)]
    alone, joined = ([torch.nn.Parameter(t.clone()) for t in start] for _ in range(2))
    flat = Flat(joined)
    of_each = torch.optim.AdamW(alone, lr=0.1)
    of_whole = torch.optim.AdamW([flat.whole], lr=0.1, fused=True)
    for _ in range(3):
        of_each.zero_grad()
        flat.expect(learning=True)
        for parameters in (alone, joined):
            torch.stack([p.square().sum() for p in parameters]).sum().backward()  # type: ignore[no-untyped-call]
        of_each.step()
        of_whole.step()
    for expected, found in zip(alone, joined, strict=True):
        torch.testing.assert_close(found, expected)


def test_what_does_not_learn_stays_although_it_has_momentum() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    flat = Flat([parameter])
    optimizer = torch.optim.AdamW([flat.whole], lr=0.1)
    flat.expect(learning=True)
    parameter.sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    moved = parameter.detach().clone()
    flat.expect(learning=False)
    optimizer.step()
    assert not torch.equal(moved, torch.ones(3))
    assert torch.equal(parameter, moved)
