import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from contract.errors import InvalidDocumentError
from contract.generation import AdapterReference, GenerationRequest, Prompt, Sampler, Style
from contract.generation_result import (
    Artifact,
    FinishReason,
    GenerationError,
    GenerationResponse,
    Timings,
)
from contract.generation_source import ImageReference, Mask, MaskSource, Outpaint, SourceImage
from contract.s3_location import S3Location
from tests.unit.contract.documents import PNG, ULID, changed

REQUEST = GenerationRequest(
    generation_id=f"gen_{ULID}",
    progress_uri=S3Location("work", f"generations/usr/gen_{ULID}/progress.json"),
    base_model="tiny-sd",
    adapter=AdapterReference(S3Location("models", "adapters/usr/sub/trn/"), "0" * 64),
    prompts=(Prompt("<subject> on the moon"), Prompt("rain", -0.5)),
    style=Style("anime", "anime drawing of {prompt}", "photo"),
    cfg_scale=7,
    steps=30,
    seeds=(1, 2),
    width=64,
    height=96,
    sampler=Sampler.K_DPMPP_2M,
).to_json()

IMAGE = ImageReference(S3Location("work", f"generations/usr/gen_{ULID}/init.png"), "1" * 64)
_IMAGE = {"uri": str(IMAGE.uri), "sha256": IMAGE.sha256}

RESPONSE = GenerationResponse(
    generation_id=f"gen_{ULID}",
    base_model="tiny-sd",
    adapter=None,
    artifacts=(
        Artifact(0, 1, FinishReason.SUCCESS, PNG),
        Artifact(1, 2, FinishReason.ERROR, b""),
    ),
    timings=Timings(0.1, 1.0, 1.2),
).to_json()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("generation_id", "gen_1"),
        ("progress_uri", "file:///etc/passwd"),
        ("adapter", {"uri": "s3://models/adapters/../base/", "sha256": "0" * 64}),
        ("adapter", {"uri": "s3://models/adapters/a/", "sha256": "0"}),
        ("adapter", {"uri": "s3://models/adapters/a/", "sha256": "0" * 64, "scale": 1}),
        ("adapter", []),
        ("prompts", []),
        ("prompts", [{"text": "a", "weight": 1}] * 21),
        ("prompts", [{"text": "", "weight": 1}]),
        ("prompts", [{"text": "a", "weight": "1"}]),
        ("prompts", [{"text": "a", "weight": -1}]),
        ("prompts", ["a"]),
        ("style", {"name": "x", "prompt": "no slot", "negative_prompt": ""}),
        ("cfg_scale", 36),
        ("steps", 0),
        ("seeds", [-1]),
        ("seeds", [True]),
        ("seeds", [1] * 5),
        ("width", 65),
        ("height", 4096),
        ("sampler", "EULER"),
        ("source", {**_IMAGE, "noise_start": 0.5, "noise_end": 0.5}),
        ("source", {**_IMAGE, "noise_start": 1.5, "noise_end": 0.0}),
        ("source", {**_IMAGE, "uri": "http://elsewhere/", "noise_start": 1.0, "noise_end": 0.0}),
        ("mask", {"source": "INIT_IMAGE_ALPHA"}),
        ("outpaint", {"left": 8, "right": 0, "up": 0, "down": 0}),
        ("upscale", 3),
        ("upscale", True),
        ("few_step", 1),
    ],
)
def test_a_request_out_of_bounds_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidDocumentError, match="generation request"):
        GenerationRequest.from_json(changed(REQUEST, lambda d: d.update({field: value})))


@pytest.mark.parametrize(
    "more",
    [
        {"mask": Mask(MaskSource.MASK_IMAGE_WHITE, IMAGE)},
        {"mask": Mask(MaskSource.INIT_IMAGE_ALPHA, None)},
        {"outpaint": Outpaint(left=8, down=64)},
        {"upscale": 4},
    ],
)
def test_a_request_that_begins_with_a_picture_reads_as_it_was_written(
    more: dict[str, Any],
) -> None:
    plain = GenerationRequest.from_json(REQUEST)
    asked = replace(plain, source=SourceImage(IMAGE, 0.65, 0.01), **more)
    assert GenerationRequest.from_json(asked.to_json()) == asked


@pytest.mark.parametrize(
    "change",
    [
        {"mask": {"source": "MASK_IMAGE_WHITE"}},
        {"mask": {"source": "INIT_IMAGE_ALPHA", **_IMAGE}},
        {"outpaint": {"left": 0, "right": 0, "up": 0, "down": 0}},
        {"outpaint": {"left": 4, "right": 0, "up": 0, "down": 0}},
        {
            "mask": {"source": "INIT_IMAGE_ALPHA"},
            "outpaint": {"left": 8, "right": 0, "up": 0, "down": 0},
        },
    ],
)
def test_what_does_not_fit_the_picture_is_refused(change: dict[str, object]) -> None:
    plain = GenerationRequest.from_json(REQUEST)
    asked = replace(plain, source=SourceImage(IMAGE, 0.65)).to_json()
    with pytest.raises(InvalidDocumentError, match="generation request"):
        GenerationRequest.from_json(changed(asked, lambda d: d.update(change)))


@pytest.mark.parametrize(
    "change",
    [
        {"image": "???"},
        {"image": base64.b64encode(b"GIF89a").decode()},
        {"image": ""},
        {"finish_reason": "ERROR"},
        {"finish_reason": "MAYBE"},
        {"index": 1},
        {"extra": 1},
    ],
)
def test_a_response_with_a_wrong_artifact_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidDocumentError, match="generation response"):
        GenerationResponse.from_json(changed(RESPONSE, lambda d: d["artifacts"][0].update(change)))


def test_the_error_is_found_however_often_it_was_quoted() -> None:
    error = GenerationError("adapter_corrupt", "The adapter's checksum differs.")
    plain = error.to_json()
    by_server = json.dumps({"code": 400, "type": "PredictionException", "message": plain})
    by_sagemaker = json.dumps({"failureReason": f"Received client error (400): '{by_server}'"})
    for text in (plain, by_server, by_sagemaker):
        assert GenerationError.find_in(text) == error


def test_a_failure_without_our_error_in_it_gives_none() -> None:
    assert GenerationError.find_in("Request timed out") is None
