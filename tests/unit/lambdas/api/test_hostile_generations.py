"""`POST /generations` from a hostile client: a no is clean and says where, nothing is dropped."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from lambdas.api.generations import build_app
from lambdas.domain.upload import UploadPurpose, UploadState
from tests.unit.lambdas.api.test_few_step import OFFER
from tests.unit.lambdas.api.test_generation_pictures import inline, judged, nothing_began, slot
from tests.unit.lambdas.gateway import SOMEONE_ELSE, Client
from tests.unit.lambdas.given import World, settings

BODY: dict[str, Any] = {"prompt": "a hat"}
MASK = UploadPurpose.MASK_IMAGE
NINES = "9" * 5000


@pytest.fixture
def world() -> World:
    return World(settings=settings(base_model={"few_step": OFFER}))


@pytest.fixture
def client(world: World) -> Client:
    return Client(build_app(world.generation_ports()))


def flat(size: tuple[int, int], mode: str = "RGB", kind: str = "PNG") -> str:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind)
    return base64.b64encode(out.getvalue()).decode()


@pytest.mark.parametrize(
    ("raw", "status", "told"),
    [
        ('{"prompt": "a", "prompt": "b"}', 422, ("/prompt", "repeated_name")),
        (
            '{"text_prompts": [{"text": "a"}, {"text": "a", "te\\u0078t": "b"}]}',
            422,
            ("/text_prompts/1/text", "repeated_name"),
        ),
        ('{"prompt": "a", "seed": NaN}', 422, ("/seed", "wrong_type")),
        ('{"prompt": "a", "cfg_scale": Infinity}', 422, ("/cfg_scale", "invalid")),
        ('{"prompt": "a", "cfg_scale": 1e999}', 422, ("/cfg_scale", "invalid")),
        (
            '{"text_prompts": [{"text": "a", "weight": -Infinity}]}',
            422,
            ("/text_prompts/0/weight", "invalid"),
        ),
        ('{"prompt": "a", "seed": 1e3}', 422, ("/seed", "wrong_type")),
        ('{"prompt": "a", "seed": -1}', 422, ("/seed", "too_small")),
        ('{"prompt": "a", "seed": 4294967296}', 422, ("/seed", "too_large")),
        (f'{{"prompt": "a", "seed": {NINES}}}', 400, None),
        ('{"prompt": "\\ud800"}', 400, None),
        ('{"extras": ' + "[" * 5000 + "]" * 5000 + "}", 400, None),
        ('\ufeff{"prompt": "a"}', 400, None),
        ('[{"prompt": "a"}]', 422, ("", "wrong_type")),
    ],
    ids=range(14),
)
def test_json_that_means_two_things_or_none_is_refused(
    world: World, client: Client, raw: str, status: int, told: tuple[str, str] | None
) -> None:
    reply = client.post("/generations", raw=raw)
    assert reply.status == status
    if told:
        assert [(e["pointer"], e["code"]) for e in reply.body["errors"]] == [told]
    assert nothing_began(world)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"prompt": "a\0b"}, ("/prompt", "not_text")),
        ({"prompt": "\u200b\u2060 \u202e"}, ("/prompt", "blank")),
        ({"prompt": "a" + "\u0301" * 3000}, ("/prompt", "too_long")),
        ({"text_prompts": [{"text": "a"}]}, ("/prompt", "contradiction")),
        ({"description": "a"}, ("/description", "contradiction")),
        ({"cfg_scale": 7, "guidance_scale": 8}, ("/guidance_scale", "contradiction")),
        ({"steps": 20, "num_inference_steps": 21}, ("/num_inference_steps", "contradiction")),
        ({"samples": 2, "num_images_per_prompt": 1}, ("/num_images_per_prompt", "contradiction")),
        ({"samples": True}, ("/samples", "wrong_type")),
        ({"sampler": "k_euler"}, ("/sampler", "not_allowed")),
        ({"sampler": "K_EULER "}, ("/sampler", "not_allowed")),
        ({"style_preset": "Anime"}, ("/style_preset", "not_allowed")),
        ({"width": 10**30}, ("/width", "size_not_offered")),
        ({"steps": 4}, ("/steps", "too_small")),
        ({"quality": "few_step", "steps": 50}, ("/steps", "too_large")),
        ({"quality": "few_step", "cfg_scale": 7}, ("/cfg_scale", "too_large")),
        ({"quality": "few_step", "sampler": "DDIM"}, ("/sampler", "contradiction")),
        ({"quality": "few_step", "precision": "draft"}, ("/precision", "contradiction")),
        ({"model": "../base"}, ("/model", "unknown_model")),
        ({"extras": False}, ("/extras", "not_supported")),
        ({"upscale": "2"}, ("/upscale", "not_allowed")),
        ({"upscale": 3}, ("/upscale", "not_allowed")),
        ({"__proto__": {}}, ("/__proto__", "unknown_field")),
        ({"a/b~c": 1}, ("/a~1b~0c", "unknown_field")),
        ({"outpaint": {"left": 8}}, ("/outpaint", "init_image_missing")),
        ({"image_strength": 0.5}, ("/image_strength", "init_image_missing")),
        ({"init_image": "http://169.254.169.254/"}, ("/init_image", "not_base64")),
        ({"init_image": "data:text/html;base64,AAAA"}, ("/init_image", "not_a_picture")),
        ({"init_image": f"gen_{'0' * 26}"}, ("/init_image", "not_base64")),
        ({"init_image": flat((1, 1))}, ("/init_image", "too_small")),
        ({"init_image": flat((1, 5000))}, ("/init_image", "too_small")),
        ({"init_image": flat((64, 64), kind="GIF")}, ("/init_image", "unsupported_type")),
        ({"init_image": flat((9_000, 9_000), mode="1")}, ("/init_image", "too_large")),
        (
            {"init_image": inline(kind="JPEG"), "mask_source": "INIT_IMAGE_ALPHA"},
            ("/mask_source", "no_transparency"),
        ),
        (
            {"init_image": inline(), "mask_image": inline(), "mask_source": "INIT_IMAGE_ALPHA"},
            ("/mask_image", "contradiction"),
        ),
        (
            {"init_image": inline(), "step_schedule_start": 0},
            ("/step_schedule_start", "too_small"),
        ),
        (
            {"init_image": inline(), "step_schedule_end": 1},
            ("/step_schedule_end", "contradiction"),
        ),
        (
            {"init_image": inline(), "upscale": 2, "image_strength": 0.3},
            ("/image_strength", "contradiction"),
        ),
        ({"init_image": inline(), "outpaint": {"left": 7}}, ("/outpaint/left", "invalid")),
        ({"init_image": inline(), "outpaint": {}}, ("/outpaint", "nothing_to_add")),
    ],
    ids=lambda value: value[0] + " " + value[1] if isinstance(value, tuple) else "body",
)
def test_what_cannot_be_meant_is_refused_with_a_pointer(
    world: World, client: Client, body: dict[str, Any], told: tuple[str, str]
) -> None:
    reply = client.post("/generations", {**BODY, **body})
    assert reply.status == 422
    assert [(e["pointer"], e["code"]) for e in reply.body["errors"]] == [told]
    assert nothing_began(world)


def test_whats_others_or_of_another_kind_is_not_found(world: World, client: Client) -> None:
    theirs = slot(world, owner=SOMEONE_ELSE).id
    for body in (
        {"init_image": theirs},
        {"init_image": f"upl_{'0' * 26}"},
        {"init_image": f"img_{'0' * 26}"},
        {"subject_id": theirs},
        {"subject_id": "sub_Ω"},
        {"subject_id": ""},
    ):
        reply = client.post("/generations", {**BODY, **body})
        assert (reply.status, reply.code) == (404, "not_found"), body
    assert nothing_began(world)


def test_an_upload_that_is_not_there_yet_or_will_never_be_is_a_conflict(
    world: World, client: Client
) -> None:
    waiting = slot(world).id
    for upload, code in (
        (waiting, "upload_not_ready"),
        (judged(world, UploadState.EXPIRED), "upload_expired"),
    ):
        reply = client.post("/generations", {**BODY, "init_image": upload})
        assert (reply.status, reply.code) == (409, code)
    # Nobody has written down that it lapsed, and its owner reads `expired` all the same.
    world.clock.moment += timedelta(hours=1)
    reply = client.post("/generations", {**BODY, "init_image": waiting})
    assert (reply.status, reply.code) == (409, "upload_expired")
    mask = judged(world, purpose=MASK)
    reply = client.post("/generations", {**BODY, "init_image": mask})
    assert reply.body["errors"][0]["code"] == "wrong_purpose"


def test_a_file_or_a_body_of_more_than_is_taken_is_refused(world: World, client: Client) -> None:
    reply = client.post("/generations", {**BODY, "init_image": "A" * 5_600_000})
    assert [(e["pointer"], e["code"]) for e in reply.body["errors"]] == [
        ("/init_image", "too_large")
    ]
    assert client.post("/generations", {**BODY, "init_image": "A" * 6_600_000}).status == 413
    assert nothing_began(world)


def test_a_text_without_weight_is_taken_with_a_word_about_it(client: Client) -> None:
    texts = [{"text": "a hat"}, {"text": "a cat", "weight": 1e-9}]
    reply = client.post("/generations", {"text_prompts": texts})
    assert reply.status == 202
    assert [(a["pointer"], a["code"]) for a in reply.body["warnings"]] == [
        ("/text_prompts/1/weight", "no_effect")
    ]


def test_the_last_seeds_are_seeds(client: Client) -> None:
    reply = client.post("/generations", {**BODY, "seed": 4294967295, "samples": 4})
    assert reply.status == 202
    assert len(set(reply.body["seeds"])) == 4
    assert all(0 < seed <= 4294967295 for seed in reply.body["seeds"])
