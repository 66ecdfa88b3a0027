from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contract.generation import MAX_SEED, STYLE_SLOT, Sampler
from lambdas.domain.errors import Invalid
from lambdas.domain.generation_body import GenerationBody
from lambdas.domain.generation_plan import GenerationPlan, plan_generation
from lambdas.domain.image_sizes import ASPECTS, size_of_aspect
from lambdas.domain.seeds import seeds
from lambdas.domain.settings import BaseModelSettings
from lambdas.domain.styles import PRESETS, canonical_name

SDXL = BaseModelSettings(
    id="sdxl-base-1.0",
    family="sdxl",
    licence="MIT",
    sizes=(
        (1024, 1024),
        (1152, 896),
        (896, 1152),
        (1216, 832),
        (832, 1216),
        (1344, 768),
        (768, 1344),
        (1536, 640),
        (640, 1536),
    ),
    default_negative_prompt="",
    precision="fp16",
)
TINY = SDXL.model_copy(update={"id": "tiny-sd", "sizes": ((64, 64),), "precision": "fp32"})
HAT = {"text_prompts": [{"text": "a hat"}]}


def plan(
    body: dict[str, Any], base: BaseModelSettings = SDXL, draw: Callable[[int], int] = lambda _: 6
) -> GenerationPlan:
    return plan_generation(GenerationBody.model_validate(body), base, 2000, draw)


def refused(body: dict[str, Any], base: BaseModelSettings = SDXL) -> dict[str, str]:
    """pointer → code of every field that is refused."""
    with pytest.raises(Invalid) as error:
        plan(body, base)
    return {each.pointer: each.code for each in error.value.errors}


def test_what_is_left_out_has_the_defaults_of_the_api() -> None:
    made = plan(HAT)
    assert (made.cfg_scale, made.steps, made.seeds) == (7.0, 30, (7,))
    assert (made.width, made.height, made.sampler) == (1024, 1024, Sampler.K_DPMPP_2M)
    assert (made.style_preset, made.style, made.warnings) == (None, None, ())
    assert [(p.text, p.weight) for p in made.prompts] == [("a hat", 1.0)]


def test_null_is_as_good_as_absent() -> None:
    assert plan(HAT | dict.fromkeys(set(GenerationBody.model_fields) - {"text_prompts"})) == plan(
        HAT
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cfg_scale", -0.1),
        ("cfg_scale", 35.1),
        ("cfg_scale", "7"),
        ("cfg_scale", float("nan")),
        ("steps", 0),
        ("steps", 51),
        ("steps", True),
        ("seed", -1),
        ("seed", 4294967296),
        ("samples", 0),
        ("samples", 5),
        ("sampler", "EULER"),
        ("style_preset", "baroque"),
        ("clip_guidance_preset", "FAST"),
        ("aspect", "round"),
        ("precision", "int4"),
        ("quality", "best"),
        ("extras", {"a": 1}),
        ("extras", 0),
        ("text_prompts", []),
        ("text_prompts", [{"text": "x"}] * 16),
        ("text_prompts", [{"text": " "}]),
        ("text_prompts", [{"text": "a\u0000b"}]),
        ("text_prompts", [{"text": "x", "weight": 11}]),
        ("text_prompts", [{"text": "x", "size": 1}]),
        ("guidance_scale", 36),
        ("num_inference_steps", 0),
        ("num_images_per_prompt", 9),
        ("unknown", 1),
    ],
)
def test_values_out_of_bounds_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as error:
        GenerationBody.model_validate(HAT | {field: value})
    assert all(each["loc"][0] == field for each in error.value.errors())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cfg_scale", 0),
        ("cfg_scale", 35),
        ("steps", 10),
        ("steps", 50),
        ("seed", 0),
        ("seed", 4294967295),
        ("samples", 4),
        ("sampler", "K_LMS"),
        ("style_preset", "animé"),
        ("style_preset", "anime\u0301"),
        ("extras", {}),
        ("extras", None),
        ("clip_guidance_preset", "NONE"),
        ("precision", "fp16"),
        ("negative_prompt", ""),
    ],
)
def test_values_at_the_bounds_are_accepted(field: str, value: object) -> None:
    plan(HAT | {field: value})


def test_jumpstarts_spelling_means_the_same() -> None:
    theirs = plan(
        {
            "prompt": "a hat",
            "negative_prompt": "rain",
            "guidance_scale": 9.5,
            "num_inference_steps": 20,
            "num_images_per_prompt": 3,
            "seed": 5,
        }
    )
    ours = plan(
        {
            "text_prompts": [{"text": "a hat"}, {"text": "rain", "weight": -1}],
            "cfg_scale": 9.5,
            "steps": 20,
            "samples": 3,
            "seed": 5,
        }
    )
    assert theirs == ours


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"description": "a hat"}, "a hat"),
        ({"description": "a hat", "image_type": "an oil painting"}, "an oil painting of a hat"),
        ({"description": "a hat", "style": "soft light"}, "a hat, soft light"),
        (
            {"description": "a hat", "style": "soft light", "image_type": "a photo"},
            "a photo of a hat, soft light",
        ),
    ],
)
def test_the_structured_prompt_becomes_one_text(body: dict[str, Any], text: str) -> None:
    assert [prompt.text for prompt in plan(body).prompts] == [text]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/text_prompts": "missing"}),
        ({"negative_prompt": "rain"}, {"/text_prompts": "missing"}),
        ({"image_type": "a photo"}, {"/image_type": "missing", "/text_prompts": "missing"}),
        (HAT | {"style": "soft"}, {"/style": "missing"}),
        (HAT | {"prompt": "a hat"}, {"/prompt": "contradiction"}),
        (HAT | {"description": "a hat"}, {"/description": "contradiction"}),
        (HAT | {"cfg_scale": 7, "guidance_scale": 8}, {"/guidance_scale": "contradiction"}),
        (HAT | {"steps": 20, "num_inference_steps": 21}, {"/num_inference_steps": "contradiction"}),
        (
            HAT | {"samples": 1, "num_images_per_prompt": 2},
            {"/num_images_per_prompt": "contradiction"},
        ),
        (HAT | {"quality": "high", "precision": "draft"}, {"/precision": "contradiction"}),
        (HAT | {"steps": 9}, {"/steps": "too_small"}),
        (HAT | {"num_inference_steps": 9}, {"/num_inference_steps": "too_small"}),
        (HAT | {"precision": "fp32"}, {"/precision": "precision_not_offered"}),
        (HAT | {"width": 1000}, {"/width": "size_not_offered"}),
        (
            HAT | {"width": 1024, "height": 896},
            {"/width": "size_not_offered", "/height": "size_not_offered"},
        ),
        (HAT | {"aspect": "square", "width": 896}, {"/width": "contradiction"}),
        (HAT | {"aspect": "tall", "height": 1}, {"/height": "contradiction"}),
        ({"text_prompts": [{"text": "a", "weight": 0}]}, {"/text_prompts": "no_positive_prompt"}),
        ({"text_prompts": [{"text": "a" * 2001}]}, {"/text_prompts/0/text": "too_long"}),
        ({"prompt": "a" * 2001}, {"/prompt": "too_long"}),
        ({"prompt": "a", "negative_prompt": "a" * 2001}, {"/negative_prompt": "too_long"}),
        ({"description": "a" * 2000, "style": "b"}, {"/description": "too_long"}),
    ],
)
def test_what_does_not_go_together_is_refused(
    body: dict[str, Any], pointers: dict[str, str]
) -> None:
    assert refused(body) == pointers


def test_two_spellings_that_agree_are_no_contradiction() -> None:
    made = plan(HAT | {"steps": 20, "num_inference_steps": 20})
    assert made.steps == 20


@pytest.mark.parametrize(
    ("body", "size"),
    [
        ({"width": 896}, (896, 1152)),
        ({"height": 896}, (1152, 896)),
        ({"width": 1344, "height": 768}, (1344, 768)),
        ({"aspect": "widescreen"}, (1344, 768)),
        ({"aspect": "tall", "width": 768}, (768, 1344)),
    ],
)
def test_one_side_or_a_name_is_enough_for_a_size(
    body: dict[str, Any], size: tuple[int, int]
) -> None:
    made = plan(HAT | body)
    assert (made.width, made.height) == size


def test_each_aspect_names_another_of_sdxls_sizes() -> None:
    named = {aspect: size_of_aspect(aspect, SDXL.sizes) for aspect in ASPECTS}
    assert len(set(named.values())) == 7
    assert None not in named.values()


def test_an_aspect_that_a_base_model_lacks_is_refused() -> None:
    assert refused(HAT | {"aspect": "tall"}, TINY) == {"/aspect": "size_not_offered"}
    assert plan(HAT | {"aspect": "square"}, TINY).width == 64


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ({"quality": "draft"}, 15),
        ({"precision": "high"}, 50),
        ({"quality": "high", "precision": "high"}, 50),
        ({"quality": "high", "precision": "fp16"}, 50),
        ({"quality": "high", "steps": 12}, 12),
    ],
)
def test_quality_decides_the_steps_unless_they_are_given(body: dict[str, Any], steps: int) -> None:
    assert plan(HAT | body).steps == steps


@pytest.mark.parametrize(
    ("body", "warnings"),
    [
        ({"cfg_scale": 15}, []),
        ({"cfg_scale": 15.1}, [("guidance_high", "/cfg_scale")]),
        ({"cfg_scale": 5}, []),
        ({"guidance_scale": 4.9}, [("guidance_low", "/guidance_scale")]),
        ({"clip_guidance_preset": "SLOW"}, [("no_effect", "/clip_guidance_preset")]),
        ({"clip_guidance_preset": "NONE"}, []),
        ({"quality": "high", "steps": 12}, [("no_effect", "/quality")]),
        ({"precision": "high", "steps": 12}, [("no_effect", "/precision")]),
        ({"precision": "fp16", "steps": 12}, []),
        ({"text_prompts": [{"text": "<subject>"}]}, [("no_effect", "/subject_id")]),
        ({"text_prompts": [{"text": "<subject>"}], "subject_id": "sub_1"}, []),
    ],
)
def test_advice_is_given_where_a_request_will_disappoint(
    body: dict[str, Any], warnings: list[tuple[str, str]]
) -> None:
    made = plan(HAT | body)
    assert [(each.code, each.pointer) for each in made.warnings] == warnings
    assert all(each.detail for each in made.warnings)


def texts(body: dict[str, Any], negative_prompt: str) -> list[tuple[str, float]]:
    made = plan_generation(
        GenerationBody.model_validate(body),
        SDXL,
        2000,
        lambda _: 6,
        negative_prompt=negative_prompt,
    )
    return [(prompt.text, prompt.weight) for prompt in made.prompts]


def test_the_deployments_negative_prompt_comes_before_the_callers_own() -> None:
    assert texts(HAT, "ugly") == [("a hat", 1), ("ugly", -1)]
    own = {"prompt": "a hat", "negative_prompt": "rain"}
    assert texts(own, "ugly") == [("a hat", 1), ("ugly", -1), ("rain", -1)]
    mixed = {
        "text_prompts": [
            {"text": "rain", "weight": -2},
            {"text": "a hat"},
            {"text": "snow", "weight": -1},
        ]
    }
    assert texts(mixed, "ugly") == [("ugly", -1), ("rain", -2), ("a hat", 1), ("snow", -1)]
    assert texts(own, "") == [("a hat", 1), ("rain", -1)]


@pytest.mark.parametrize("scale", [0, 0.5, 0.99])
def test_where_guidance_draws_towards_negative_words_the_deployment_adds_none(scale: float) -> None:
    assert texts(HAT | {"cfg_scale": scale}, "nudity") == [("a hat", 1)]
    assert len(texts(HAT | {"cfg_scale": 1}, "nudity")) == 2


@given(
    st.none() | st.integers(0, MAX_SEED),
    st.integers(1, 4),
    st.integers(0, MAX_SEED - 1),
)
def test_samples_have_distinct_seeds_that_can_be_sent_again(
    first: int | None, samples: int, drawn: int
) -> None:
    found = seeds(first, samples, lambda _: drawn)
    assert len(set(found)) == samples
    assert all(1 <= seed <= MAX_SEED for seed in found)
    assert found[0] == (first or drawn + 1)
    assert seeds(found[0], samples, lambda _: 0) == found


def test_the_seventeen_styles_hold_one_slot_and_steer_away_from_something() -> None:
    assert len(PRESETS) == 17
    for preset in PRESETS.values():
        assert preset.prompt.count(STYLE_SLOT) == 1
        assert preset.negative_prompt
        assert STYLE_SLOT not in preset.negative_prompt
        assert preset.description
    assert len({preset.prompt for preset in PRESETS.values()}) == 17
    assert canonical_name("animé") == "anime"
    assert canonical_name("nothing") == "nothing"


def test_a_style_goes_to_the_endpoint_with_its_words() -> None:
    style = plan(HAT | {"style_preset": "animé"}).style
    assert style is not None
    assert (style.name, style.prompt) == ("anime", PRESETS["anime"].prompt)


def test_words_that_the_picture_is_drawn_towards_are_those_to_be_screened() -> None:
    body = {
        "text_prompts": [{"text": "a"}, {"text": "b", "weight": -1}, {"text": "c", "weight": 0}]
    }
    assert plan(body).attracting_texts == ("a",)
    assert plan(body | {"cfg_scale": 1}).attracting_texts == ("a",)
    assert plan(body | {"cfg_scale": 0.9}).attracting_texts == ("a", "b", "c")
