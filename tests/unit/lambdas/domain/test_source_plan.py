from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contract.generation import MAX_SIDE
from contract.generation_source import MAX_OUTPAINT, MaskSource, Outpaint
from lambdas.domain.errors import Invalid
from lambdas.domain.generation_body import GenerationBody
from lambdas.domain.generation_plan import GenerationPlan, fitted
from lambdas.domain.picture_reference import PictureKind
from lambdas.domain.source_plan import LEAST_NOISE, Beginning, InitImageMode
from lambdas.records.beginnings import beginning_from, beginning_item
from tests.unit.lambdas.domain.test_generation_plan import HAT, SDXL, TINY, plan, refused
from tests.unit.lambdas.domain.test_picture_reference import IMAGE, UPLOAD

INIT = {**HAT, "init_image": UPLOAD}
MASKED = {**INIT, "mask_image": IMAGE, "mask_source": "MASK_IMAGE_WHITE"}
ALPHA = {**INIT, "mask_source": "INIT_IMAGE_ALPHA"}
WIDER = {**INIT, "outpaint": {"left": 8}}
LARGER = {**INIT, "upscale": 2}


def noise(body: dict[str, Any]) -> tuple[float, float]:
    source = plan(body).beginning.source
    assert source is not None
    return source.noise_start, source.noise_end


def test_words_alone_begin_with_nothing() -> None:
    assert plan(HAT).beginning == Beginning()
    assert plan({**HAT, "upscale": 4}).beginning == Beginning(upscale=4)


def test_a_picture_is_followed_by_a_third_unless_the_request_says_how_far() -> None:
    source = plan(INIT).beginning.source
    assert source is not None
    assert (source.picture.kind, source.picture.id) == (PictureKind.UPLOAD, UPLOAD)
    assert (source.mode, noise(INIT)) == (InitImageMode.IMAGE_STRENGTH, (0.65, 0.0))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image_strength": 0.9}, (0.1, 0.0)),
        ({"image_strength": 0.0}, (1.0, 0.0)),
        ({"image_strength": 1.0}, (LEAST_NOISE, 0.0)),
        ({"init_image_mode": "STEP_SCHEDULE"}, (0.65, 0.0)),
        ({"step_schedule_start": 0.4}, (0.4, 0.0)),
        ({"step_schedule_end": 0.1}, (0.65, 0.1)),
        ({"step_schedule_start": 0.9, "step_schedule_end": 0.2}, (0.9, 0.2)),
    ],
)
def test_how_far_is_told_in_shares_of_noise(
    fields: dict[str, Any], expected: tuple[float, float]
) -> None:
    assert noise({**INIT, **fields}) == expected


@pytest.mark.parametrize("body", [MASKED, ALPHA, WIDER])
def test_what_is_repainted_or_added_begins_as_noise(body: dict[str, Any]) -> None:
    assert noise(body) == (1.0, 0.0)
    assert noise({**body, "image_strength": 0.25}) == (0.75, 0.0)
    assert noise({**body, "step_schedule_end": 0.2}) == (1.0, 0.2)
    assert noise({**body, "upscale": 2}) == (1.0, 0.0)


def test_a_mask_comes_from_a_picture_or_from_transparency() -> None:
    for body, source, picture in (
        (MASKED, MaskSource.MASK_IMAGE_WHITE, IMAGE),
        ({**MASKED, "mask_source": "MASK_IMAGE_BLACK"}, MaskSource.MASK_IMAGE_BLACK, IMAGE),
        (ALPHA, MaskSource.INIT_IMAGE_ALPHA, None),
    ):
        mask = plan(body).beginning.mask
        assert mask is not None
        assert (mask.source, mask.picture and mask.picture.id) == (source, picture)


@pytest.mark.parametrize(("given_as", "factor"), [(2, 2), (4, 4), (True, 2), (False, None)])
def test_true_enlarges_twice(given_as: object, factor: int | None) -> None:
    assert plan({**INIT, "upscale": given_as}).beginning.upscale == factor


def test_what_is_only_enlarged_is_not_drawn_anew() -> None:
    source = plan(LARGER).beginning.source
    assert source is not None
    assert source.mode is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (HAT | {"image_strength": 0.5}, {"/image_strength": "init_image_missing"}),
        (HAT | {"init_image_mode": "STEP_SCHEDULE"}, {"/init_image_mode": "init_image_missing"}),
        (HAT | {"step_schedule_start": 0.5}, {"/step_schedule_start": "init_image_missing"}),
        (HAT | {"step_schedule_end": 0.5}, {"/step_schedule_end": "init_image_missing"}),
        (
            HAT | {"mask_image": UPLOAD, "mask_source": "MASK_IMAGE_WHITE"},
            {"/mask_image": "init_image_missing", "/mask_source": "init_image_missing"},
        ),
        (HAT | {"outpaint": {"up": 8}}, {"/outpaint": "init_image_missing"}),
        (INIT | {"mask_image": IMAGE}, {"/mask_source": "missing"}),
        (INIT | {"mask_source": "MASK_IMAGE_BLACK"}, {"/mask_image": "missing"}),
        (ALPHA | {"mask_image": IMAGE}, {"/mask_image": "contradiction"}),
        (
            MASKED | {"outpaint": {"up": 8}},
            {"/mask_image": "contradiction", "/mask_source": "contradiction"},
        ),
        (ALPHA | {"outpaint": {"up": 8}}, {"/mask_source": "contradiction"}),
        (INIT | {"outpaint": {}}, {"/outpaint": "nothing_to_add"}),
        (
            INIT | {"init_image_mode": "STEP_SCHEDULE", "image_strength": 0.5},
            {"/image_strength": "contradiction"},
        ),
        (
            INIT | {"step_schedule_start": 0.5, "image_strength": 0.5},
            {"/step_schedule_start": "contradiction"},
        ),
        (
            INIT | {"init_image_mode": "IMAGE_STRENGTH", "step_schedule_end": 0.1},
            {"/step_schedule_end": "contradiction"},
        ),
        (
            INIT | {"step_schedule_start": 0.3, "step_schedule_end": 0.3},
            {"/step_schedule_end": "contradiction"},
        ),
        (INIT | {"step_schedule_start": 0.0}, {"/step_schedule_start": "too_small"}),
        (LARGER | {"image_strength": 0.3}, {"/image_strength": "contradiction"}),
        (
            LARGER | {"init_image_mode": "STEP_SCHEDULE", "step_schedule_end": 0.3},
            {"/init_image_mode": "contradiction", "/step_schedule_end": "contradiction"},
        ),
    ],
)
def test_contradictions_are_refused_each_with_its_field(
    body: dict[str, Any], expected: dict[str, str]
) -> None:
    assert refused(body) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("init_image", "https://example.com/a.png"),
        ("init_image", 1),
        ("init_image_mode", "SOMETIMES"),
        ("image_strength", 1.1),
        ("image_strength", -0.1),
        ("step_schedule_start", 2),
        ("step_schedule_end", float("nan")),
        ("mask_image", ""),
        ("mask_source", "MASK_IMAGE_GREY"),
        ("outpaint", {"left": 7}),
        ("outpaint", {"left": -8}),
        ("outpaint", {"left": MAX_OUTPAINT + 8}),
        ("outpaint", {"top": 8}),
        ("outpaint", 8),
        ("upscale", 3),
        ("upscale", "2"),
    ],
)
def test_values_beyond_the_bounds_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        GenerationBody.model_validate(INIT | {field: value})


def fit(
    body: dict[str, Any], size: tuple[int, int] | None, most: int = 4096 * 4096
) -> GenerationPlan:
    return fitted(plan(body), GenerationBody.model_validate(body), SDXL, size, most)


def test_without_a_wish_the_size_has_the_shape_of_the_init_image() -> None:
    for picture, size in (
        ((4000, 3000), (1152, 896)),
        ((300, 200), (1216, 832)),
        ((64, 640), (640, 1536)),
        ((500, 500), (1024, 1024)),
    ):
        made = fit(INIT, picture)
        assert (made.width, made.height) == size
    wish = fit({**INIT, "aspect": "tall"}, (400, 300))
    assert (wish.width, wish.height) == (768, 1344)
    wish = fit({**INIT, "width": 1024}, (400, 300))
    assert (wish.width, wish.height) == (1024, 1024)
    assert fit(HAT, None).width == 1024


def test_the_result_has_the_added_sides_and_is_enlarged() -> None:
    body = {**INIT, "outpaint": {"left": 8, "right": 16, "up": 24, "down": 32}, "upscale": 2}
    made = fit(body, (500, 500))
    assert (made.width, made.height) == (1024, 1024)
    assert made.output_size == ((1024 + 24) * 2, (1024 + 56) * 2)
    assert made.beginning.outpaint == Outpaint(8, 16, 24, 32)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**HAT, "upscale": 4, "samples": 2}, "/upscale"),
        ({**WIDER, "outpaint": {"left": 1024, "up": 1024}, "upscale": 2, "samples": 2}, "/upscale"),
    ],
)
def test_all_samples_together_have_so_many_pixels_at_most(
    body: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as error:
        fit(body, (500, 500))
    (found,) = error.value.errors
    assert (found.pointer, found.code) == (pointer, "output_too_large")
    fit({**body, "samples": 1}, (500, 500))


@pytest.mark.parametrize("outpaint", [{"left": 1024, "right": 8}, {"up": 512, "down": 520}])
def test_no_canvas_is_accepted_that_the_endpoint_would_refuse(outpaint: dict[str, int]) -> None:
    with pytest.raises(Invalid) as error:
        fit({**WIDER, "outpaint": outpaint}, (500, 500))
    (found,) = error.value.errors
    assert (found.pointer, found.code) == ("/outpaint", "output_too_large")
    fits = {side: min(pixels, 512) for side, pixels in outpaint.items()}
    made = fit({**WIDER, "outpaint": fits}, (500, 500))
    assert max(made.output_size) <= MAX_SIDE


def test_an_environment_may_allow_fewer_pixels() -> None:
    with pytest.raises(Invalid) as error:
        fit({**HAT, "samples": 2}, None, most=1024 * 1024)
    assert error.value.errors[0].pointer == "/samples"


@given(
    st.sampled_from([HAT, INIT, MASKED, ALPHA, WIDER, LARGER]),
    st.fixed_dictionaries(
        {},
        optional={
            "image_strength": st.floats(0, 1),
            "step_schedule_start": st.floats(0, 1),
            "step_schedule_end": st.floats(0, 1),
            "upscale": st.sampled_from([2, 4, True, False]),
        },
    ),
)
def test_what_is_planned_is_read_back_as_it_was_written(
    body: dict[str, Any], more: dict[str, Any]
) -> None:
    try:
        made = plan(body | more, TINY).beginning
    except Invalid:
        return
    assert beginning_from(beginning_item(made)) == made
    if made.source is not None:
        assert 0 <= made.source.noise_end < made.source.noise_start <= 1
