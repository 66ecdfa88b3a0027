"""Words without a subject, drawn by the embedded Bedrock."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.e2e.several.deployed import HAT, HOSTED, asleep, drawn, refused, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.client import AvatarClient
    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.slow, pytest.mark.timeout(3600), pytest.mark.usefixtures("_planted"),
]  # fmt: skip


@pytest.fixture
def _planted(stage: Stage) -> Iterator[None]:
    yield
    requests.delete(f"{stage.backstage.endpoint}/_local/bedrock/verdicts", timeout=10)


def plant(stage: Stage, **verdict: Any) -> None:
    """What the next call of the hosted model meets."""
    requests.post(
        f"{stage.backstage.endpoint}/_local/bedrock/verdicts",
        json={"operation": "InvokeModel", "count": 1, **verdict},
        timeout=10,
    ).raise_for_status()


def test_words_alone_are_drawn_elsewhere_and_released_like_every_image(
    stage: Stage, eve: AvatarClient
) -> None:
    asleep(stage)
    generation = drawn(eve, aspect="widescreen", style_preset="cinematic")
    assert (generation["state"], generation["model"]) == ("succeeded", HOSTED), generation
    assert size_of(generation) == (1344, 768)
    assert not stage.backstage.processes("serving")
    content = requests.get(generation["artifacts"][0]["url"], timeout=20).content
    known = eve.post("/verify", {"image": base64.b64encode(content).decode()})
    assert known["by"] == ["content_credentials", "watermark"]


def test_its_images_are_screened_like_all_others(stage: Stage, eve: AvatarClient) -> None:
    stage.backstage.withhold_next_image()
    generation = drawn(eve)
    (artifact,) = generation["artifacts"]
    assert (generation["state"], artifact["finish_reason"]) == ("filtered", "CONTENT_FILTERED")
    assert artifact.get("url") is None


def test_what_it_does_not_take_is_refused_by_name(eve: AvatarClient) -> None:
    body = {**HAT, "steps": 20, "sampler": "K_EULER", "cfg_scale": 5}
    expected = dict.fromkeys(("/steps", "/sampler", "/cfg_scale"), "not_offered")
    assert refused(eve, "/generations", body) == expected


def test_throttled_it_is_asked_again(stage: Stage, eve: AvatarClient) -> None:
    plant(stage, fault="ThrottlingException", count=2)
    generation = drawn(eve)
    assert generation["state"] == "succeeded", generation


def test_what_its_own_filter_keeps_is_withheld(stage: Stage, eve: AvatarClient) -> None:
    plant(stage, finish_reason="Filter reason: output image")
    generation = drawn(eve, samples=2)
    reasons = sorted(each["finish_reason"] for each in generation["artifacts"])
    assert generation["state"] == "partially_filtered", generation
    assert reasons == ["CONTENT_FILTERED", "SUCCESS"]
    withheld = next(
        each for each in generation["artifacts"] if each["finish_reason"] == "CONTENT_FILTERED"
    )
    assert withheld.get("url") is None
