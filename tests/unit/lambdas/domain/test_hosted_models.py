"""The translation for hosted models: whatever a client may ask for is told, or refused by name."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.generation import MAX_SAMPLES, Prompt
from contract.generation_result import FinishReason
from lambdas.domain.errors import Invalid
from lambdas.domain.generation_body import GenerationBody
from lambdas.domain.generation_plan import GenerationPlan
from lambdas.domain.hosted_calls import HostedSample, call_of, read_sample
from lambdas.domain.hosted_models import HOSTED_MODELS, HostedModel
from lambdas.domain.hosted_plan import NOT_TAKEN, is_for_hosted, plan_hosted
from lambdas.domain.image_sizes import ASPECTS
from lambdas.domain.settings import GenerationSettings
from lambdas.domain.styles import PRESETS

SETTINGS = GenerationSettings(
    max_prompt_chars=2000,
    negative_prompt="nudity, gore",
    request_ttl_seconds=600,
    link_ttl_seconds=60,
)
CORE = HOSTED_MODELS["stable-image-core"]
models = st.sampled_from(sorted(HOSTED_MODELS.values(), key=lambda model: model.id))
# What a client of ours may well send beside its words, each with a value that is right elsewhere.
GIVEN: dict[str, Any] = {
    "cfg_scale": 7.0,
    "guidance_scale": 7.0,
    "steps": 30,
    "num_inference_steps": 30,
    "sampler": "DDIM",
    "quality": "high",
    "precision": "fp16",
}


def planned(model: HostedModel = CORE, draw: Any = lambda _: 41, **fields: Any) -> GenerationPlan:
    body = GenerationBody.model_validate({"prompt": "a hat", **fields})
    return plan_hosted(body, model, SETTINGS, draw)


def refusals(model: HostedModel = CORE, **fields: Any) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        planned(model, **fields)
    return {(error.pointer, error.code) for error in caught.value.errors}


def calls(model: HostedModel, plan: GenerationPlan) -> list[dict[str, Any]]:
    size = (plan.width, plan.height)
    return [call_of(model, plan.prompts, plan.style, size, seed) for seed in plan.seeds]


@given(
    model=models,
    samples=st.integers(1, MAX_SAMPLES),
    seed=st.none() | st.integers(0, 2**32 - 2 - MAX_SAMPLES),
    aspect=st.none() | st.sampled_from(sorted(set(ASPECTS) - {"fullscreen"})),
    style=st.none() | st.sampled_from(sorted(PRESETS)),
    unwanted=st.none() | st.text("abc ", min_size=1).filter(str.strip),
    drawn=st.integers(0, 2**32),
)
def test_whatever_is_accepted_becomes_calls_within_the_models_bounds(
    model: HostedModel,
    samples: int,
    seed: int | None,
    aspect: str | None,
    style: str | None,
    unwanted: str | None,
    drawn: int,
) -> None:
    plan = planned(
        model,
        draw=lambda bound: min(drawn, bound - 1),
        samples=samples,
        seed=seed,
        aspect=aspect,
        style_preset=style,
        negative_prompt=unwanted,
    )
    made = calls(model, plan)
    assert len({call["seed"] for call in made}) == samples
    if seed:
        assert [call["seed"] for call in made] == list(range(seed, seed + samples))
    for call in made:
        assert 1 <= call["seed"] <= model.max_seed
        assert call["aspect_ratio"] in model.aspect_ratios.values()
        assert "a hat" in call["prompt"]
        assert call["negative_prompt"].startswith("nudity, gore")
        assert (unwanted or "").strip() in call["negative_prompt"]
        assert set(call) == {
            "prompt",
            "negative_prompt",
            "aspect_ratio",
            "output_format",
            "seed",
        }
    assert plan.hosted_model == model.id


@given(names=st.sets(st.sampled_from(sorted(NOT_TAKEN)), min_size=1), model=models)
def test_every_field_that_no_hosted_model_takes_is_refused_by_name(
    names: set[str], model: HostedModel
) -> None:
    fields = {name: GIVEN[name] for name in names}
    assert refusals(model, **fields) == {(f"/{name}", "not_offered") for name in names}


def test_what_is_wrong_anywhere_is_told_at_once() -> None:
    found = refusals(sampler="DDIM", width=1000, prompt="a" * 2001)
    assert found == {
        ("/sampler", "not_offered"),
        ("/width", "size_not_offered"),
        ("/prompt", "too_long"),
    }


def test_weights_are_one_for_and_one_against() -> None:
    texts = [
        {"text": "a hat", "weight": 1.0},
        {"text": "of straw", "weight": 1.0},
        {"text": "a bow", "weight": -1.0},
    ]
    (call,) = calls(CORE, planned(prompt=None, text_prompts=texts))
    assert (call["prompt"], call["negative_prompt"]) == ("a hat, of straw", "nudity, gore, a bow")
    texts += [{"text": "more", "weight": 0.5}, {"text": "none", "weight": 0.0}]
    assert refusals(prompt=None, text_prompts=texts) == {
        ("/text_prompts/3/weight", "not_offered"),
        ("/text_prompts/4/weight", "not_offered"),
    }


def test_a_style_is_put_around_the_words_here() -> None:
    (call,) = calls(CORE, planned(style_preset="anime"))
    assert call["prompt"].startswith("anime artwork of a hat, ")
    assert call["negative_prompt"] == f"nudity, gore, {PRESETS['anime'].negative_prompt}"


@pytest.mark.parametrize("samples", [1, 4])
def test_a_seed_that_leaves_no_room_is_refused(samples: int) -> None:
    last = CORE.max_seed - samples + 1
    assert planned(seed=last, samples=samples).seeds[-1] == CORE.max_seed
    assert refusals(seed=last + 1, samples=samples) == {("/seed", "not_offered")}


def test_texts_that_are_too_long_together_are_refused() -> None:
    texts = [{"text": "a" * 2000}] * 4
    assert planned(prompt=None, text_prompts=texts).prompts
    assert refusals(prompt=None, text_prompts=texts * 2) == {("/text_prompts", "too_long")}


@pytest.mark.parametrize(
    ("fields", "hosted"),
    [
        ({}, True),
        ({"model": CORE.id}, True),
        ({"model": "tiny-sd"}, False),
        ({"subject_id": "sub_1"}, False),
        ({"init_image": "upl_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, False),
    ],
)
def test_words_alone_are_for_a_hosted_model(fields: dict[str, Any], hosted: bool) -> None:
    body = GenerationBody.model_validate({"prompt": "a hat", **fields})
    assert is_for_hosted(body, CORE) is hosted


def answer(**fields: Any) -> bytes:
    image = base64.b64encode(b"picture").decode()
    whole = {"seeds": [7], "finish_reasons": [None], "images": [image], **fields}
    return json.dumps({name: value for name, value in whole.items() if value != "absent"}).encode()


def test_an_image_comes_with_its_seed() -> None:
    drawn = HostedSample(FinishReason.SUCCESS, b"picture", 7)
    assert read_sample(answer()) == drawn
    assert read_sample(answer(seeds=["7"])) == drawn
    assert read_sample(answer(seeds="absent")) == HostedSample(FinishReason.SUCCESS, b"picture")


@pytest.mark.parametrize("what", ["prompt", "output image", "input image"])
def test_a_filter_of_the_models_own_is_told_apart_from_a_failure(what: str) -> None:
    filtered = HostedSample(FinishReason.CONTENT_FILTERED)
    text = json.dumps({"finish_reasons": [f"Filter reason: {what}"]}).encode()
    assert read_sample(text) == filtered
    assert read_sample(answer(finish_reasons=[f"Filter reason: {what}"])) == filtered


@pytest.mark.parametrize(
    "body",
    [
        answer(finish_reasons=["Inference error"]),
        answer(finish_reasons=["a reason of next year"]),
        answer(finish_reasons=[]),
        answer(finish_reasons=[None, None]),
        answer(finish_reasons="absent"),
        answer(images=[]),
        answer(images="absent"),
        answer(images=["no base64!"]),
        answer(images=[5]),
        answer(seeds=["many"]),
        answer(seeds=[1, 2]),
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_whatever_cannot_be_read_is_an_error_of_that_sample(body: bytes) -> None:
    assert read_sample(body) == HostedSample(FinishReason.ERROR)


def test_a_prompt_of_no_weight_says_nothing() -> None:
    call = call_of(CORE, [Prompt("a hat"), Prompt("a bow", 0.0)], None, (1024, 1024), 1)
    assert call == {"prompt": "a hat", "aspect_ratio": "1:1", "output_format": "png", "seed": 1}
