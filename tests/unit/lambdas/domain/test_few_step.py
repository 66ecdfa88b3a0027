from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lambdas.domain.few_step import FewStepSettings
from lambdas.records.plans import plan_from, plan_item
from tests.unit.lambdas.domain.test_generation_plan import HAT, SDXL, plan, refused

OFFER = {
    "steps": {"minimum": 1, "maximum": 8, "default": 4},
    "cfg_scale": {"minimum": 0, "maximum": 2, "default": 1.5},
}
QUICK = SDXL.model_copy(update={"few_step": FewStepSettings.model_validate(OFFER)})
FEW = HAT | {"quality": "few_step"}


def test_it_has_its_own_defaults_and_no_advice() -> None:
    made = plan(FEW, QUICK)
    assert (made.few_step, made.steps, made.cfg_scale, made.warnings) == (True, 4, 1.5, ())


def test_other_qualities_of_the_same_base_keep_theirs() -> None:
    made = plan(HAT, QUICK)
    assert (made.few_step, made.steps, made.cfg_scale) == (False, 30, 7.0)


@pytest.mark.parametrize(
    "body",
    [
        {"steps": 1, "cfg_scale": 0},
        {"steps": 8, "cfg_scale": 2},
        {"num_inference_steps": 8, "guidance_scale": 2},
    ],
)
def test_its_bounds_are_within(body: dict[str, Any]) -> None:
    made = plan(FEW | body, QUICK)
    assert {made.steps, made.cfg_scale} == {float(value) for value in body.values()}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"steps": 9}, {"/steps": "too_large"}),
        ({"num_inference_steps": 30}, {"/num_inference_steps": "too_large"}),
        ({"cfg_scale": 7}, {"/cfg_scale": "too_large"}),
        ({"guidance_scale": 2.1}, {"/guidance_scale": "too_large"}),
        ({"sampler": "K_EULER"}, {"/sampler": "contradiction"}),
        ({"precision": "draft"}, {"/precision": "contradiction"}),
        (
            {"steps": 9, "cfg_scale": 7, "sampler": "DDIM"},
            {"/steps": "too_large", "/cfg_scale": "too_large", "/sampler": "contradiction"},
        ),
    ],
)
def test_what_it_does_not_take_is_refused(body: dict[str, Any], pointers: dict[str, str]) -> None:
    assert refused(FEW | body, QUICK) == pointers


def test_a_bound_of_the_tier_that_lies_above_one_is_kept() -> None:
    narrow = OFFER | {"steps": {"minimum": 2, "maximum": 4, "default": 4}}
    base = SDXL.model_copy(update={"few_step": FewStepSettings.model_validate(narrow)})
    assert refused(FEW | {"steps": 1}, base) == {"/steps": "too_small"}


def test_a_base_without_the_tier_offers_none() -> None:
    assert refused(FEW | {"steps": 4}) == {"/quality": "not_offered"}


@pytest.mark.parametrize(
    ("negative", "pointer"),
    [
        ({"negative_prompt": "rain"}, "/negative_prompt"),
        (
            {"text_prompts": [{"text": "a hat"}, {"text": "rain", "weight": -1}]},
            "/text_prompts",
        ),
    ],
)
def test_negative_words_that_its_guidance_leaves_out_are_told(
    negative: dict[str, Any], pointer: str
) -> None:
    told = plan(FEW | negative | {"cfg_scale": 1}, QUICK).warnings
    assert [(advice.code, advice.pointer) for advice in told] == [("no_effect", pointer)]
    assert plan(FEW | negative | {"cfg_scale": 1.1}, QUICK).warnings == ()


def test_a_kept_plan_reads_back() -> None:
    made = plan(FEW, QUICK)
    item = plan_item(made)
    assert plan_from(item) == made
    del item["few_step"]
    assert plan_from(item).few_step is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": {"minimum": 4, "maximum": 8, "default": 2}},
        {"cfg_scale": {"minimum": 2, "maximum": 1, "default": 1}},
        {"steps": {"minimum": 0, "maximum": 8, "default": 4}},
        {"sampler": "LCM"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FewStepSettings.model_validate(OFFER | wrong)
