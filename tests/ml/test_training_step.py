"""What makes a training step quick changes nothing of what it learns."""

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from peft import LoraConfig, get_peft_model_state_dict
from peft.tuners.lora import Linear

from contract.adapter import TARGETS
from training.flat import Flat
from training.lora_attention import join_projections
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


def denoiser() -> UNet2DConditionModel:
    """A small XL-like UNet with an adapter that changes something."""
    torch.manual_seed(2)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=12,
        use_linear_projection=True,
    ).requires_grad_(requires_grad=False)
    config = LoraConfig(r=3, lora_alpha=3, init_lora_weights=False, target_modules=[*TARGETS])
    config._register_custom_module({torch.nn.Linear: LoraLinear})
    unet.add_adapter(config, adapter_name="subject")
    return unet


GIVEN = torch.randn(2, 4, 8, 8), torch.tensor([10, 700]), torch.randn(2, 5, 12)


def attentions(unet: UNet2DConditionModel) -> list[Attention]:
    return [module for module in unet.modules() if isinstance(module, Attention)]


def test_joint_projections_say_and_learn_the_same() -> None:
    apart, joint = denoiser(), denoiser()
    join_projections(joint)
    assert not any(type(each.processor) is AttnProcessor2_0 for each in attentions(joint))
    made = [unet(*GIVEN).sample for unet in (apart, joint)]
    torch.testing.assert_close(made[1], made[0])
    for sample in made:
        sample.square().sum().backward()
    learned = [
        {name: value.grad for name, value in unet.named_parameters() if value.requires_grad}
        for unet in (apart, joint)
    ]
    assert len(learned[0]) == 2 * 4 * len(attentions(apart))
    torch.testing.assert_close(learned[1], learned[0])


def test_joint_projections_keep_no_weight_twice_and_leave_the_base_as_it_is() -> None:
    before, joint = denoiser(), denoiser()
    join_projections(joint)
    for attention in attentions(joint):
        keys, values = (layer.base_layer.weight for layer in (attention.to_k, attention.to_v))
        assert keys.untyped_storage().data_ptr() == values.untyped_storage().data_ptr()
    of_adapter = get_peft_model_state_dict(before, adapter_name="subject")
    torch.testing.assert_close(get_peft_model_state_dict(joint, adapter_name="subject"), of_adapter)
    for unet in (before, joint):
        unet.disable_adapters()
    torch.testing.assert_close(joint(*GIVEN).sample, before(*GIVEN).sample)


def test_joint_projections_heed_a_mask() -> None:
    apart, joint = denoiser(), denoiser()
    join_projections(joint)
    seen = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], dtype=torch.bool)
    expected, found = (unet(*GIVEN, encoder_attention_mask=seen).sample for unet in (apart, joint))
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found, joint(*GIVEN).sample)


def test_what_is_no_plain_attention_is_left_alone() -> None:
    odd = denoiser()
    adding, dropping, plain, *_ = attentions(odd)
    adding.residual_connection = True
    dropping.to_out[1].p = 0.1
    join_projections(odd)
    assert type(adding.processor) is type(dropping.processor) is AttnProcessor2_0
    assert type(plain.processor) is not AttnProcessor2_0
    join_projections(torch.nn.Linear(2, 2))
