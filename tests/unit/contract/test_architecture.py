import pytest

from contract.adapter import CONVOLUTIONS, TARGETS, TOKEN_KEYS, UNET_PREFIX
from contract.architecture import ARCHITECTURES
from contract.base_model import Family


@pytest.mark.parametrize("family", Family)
def test_every_family_has_an_architecture_with_a_tokenizer_for_each_text_encoder(
    family: Family,
) -> None:
    architecture = ARCHITECTURES[family]
    assert len(architecture.tokenizers) == len(architecture.text_encoders)
    assert len(architecture.token_keys) <= len(architecture.text_encoders)
    assert set(TARGETS) <= set(architecture.targets)


def test_adapters_of_served_families_are_as_the_endpoint_reads_them() -> None:
    for architecture in ARCHITECTURES.values():
        if architecture.is_served:
            assert architecture.prefix == UNET_PREFIX
            assert architecture.adapted(convolutions=False) == TARGETS
            assert set(architecture.adapted(convolutions=True)) == {*TARGETS, *CONVOLUTIONS}
            assert architecture.token_keys == TOKEN_KEYS[: len(architecture.text_encoders)]


def test_a_transformers_adapter_says_so_in_its_keys() -> None:
    sd3 = ARCHITECTURES[Family.SD3]
    assert (sd3.prefix, sd3.token_keys) == ("transformer.", ("clip_l", "clip_g"))


@pytest.mark.parametrize("family", Family)
def test_an_adapter_may_change_what_some_recipe_changes_and_nothing_else(family: Family) -> None:
    architecture = ARCHITECTURES[family]
    for convolutions in (False, True):
        assert architecture.may_adapt(architecture.adapted(convolutions=convolutions))
    assert architecture.may_adapt(architecture.targets[::-1])
    assert not architecture.may_adapt(architecture.targets[1:])
    assert not architecture.may_adapt((*architecture.targets, "conv_in"))
