"""One endpoint, many subjects, and nothing running while nobody asks."""

from __future__ import annotations

import io
import os
import signal
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests
from PIL import Image

from demo.client import ApiError, AvatarClient
from local_aws.translate.phrase_book import TEST_PHRASES
from tests.e2e.stage import eventually

if TYPE_CHECKING:
    from tests.e2e.stage import Stage


def pictures(generation: dict[str, Any]) -> list[bytes]:
    return [
        requests.get(artifact["url"], timeout=20).content
        for artifact in generation["artifacts"]
        if artifact.get("url")
    ]


def distance(one: bytes, other: bytes) -> float:
    """Root mean square difference of two pictures' pixels, 0–255.

    The watermark alone makes about four: each generation has a number of its own in its pictures.
    """
    a, b = (np.asarray(Image.open(io.BytesIO(each)), dtype=np.float32) for each in (one, other))
    return float(np.sqrt(((a - b) ** 2).mean()))


SAME = 8.0


def configuration(stage: Stage) -> str:
    sagemaker = stage.client("sagemaker")
    described = sagemaker.describe_endpoint(EndpointName=stage.outputs.EndpointName)
    return str(described["EndpointConfigName"])


def fault(stage: Stage, service: str, operation: str, count: int) -> None:
    requests.post(
        f"{stage.backstage.endpoint}/_local/{service}/verdicts",
        json={"operation": operation, "count": count, "fault": "ThrottlingException"},
        timeout=10,
    ).raise_for_status()


def test_idle_means_no_process_and_the_first_request_starts_one(
    stage: Stage, ada: AvatarClient, ready_subject: str
) -> None:
    stage.backstage.wait_for_serving(False, 180)
    body = {"subject_id": ready_subject, "text_prompts": [{"text": "<subject>"}], "steps": 10}
    created = ada.post("/generations", body)
    assert ada.get(f"/generations/{created['id']}")["state"] in {"queued", "warming"}
    stage.backstage.wait_for_serving(True, 60)
    assert stage.generated(ada, created["id"])["state"] == "succeeded"
    stage.backstage.wait_for_serving(False, 180)


def test_four_samples_are_four_pictures_and_a_seed_repeats_its_picture(
    stage: Stage, ada: AvatarClient, ready_subject: str
) -> None:
    four = stage.generate(ada, subject_id=ready_subject, samples=4, seed=7)
    assert four["state"] == "succeeded", four
    shown = pictures(four)
    assert min(distance(a, b) for a, b in combinations(shown, 2)) > SAME
    scores = [image["identity_score"] for image in four["artifacts"]]
    assert any(score is not None for score in scores), scores
    assert all(0 <= score <= 1 for score in scores if score is not None)
    for picture in shown:
        assert Image.open(io.BytesIO(picture)).size == (128, 128)
    again = stage.generate(ada, subject_id=ready_subject, samples=1, seed=7)
    assert distance(pictures(again)[0], shown[0]) < SAME


def test_a_request_without_a_seed_returns_the_seed_it_drew(stage: Stage, ada: AvatarClient) -> None:
    drawn = stage.generate(ada, text_prompts=[{"text": "a hat"}])
    assert drawn["artifacts"][0]["seed"] > 0


@pytest.mark.usefixtures("brief")
def test_a_second_adapter_version_changes_the_next_image_and_not_the_endpoint(
    stage: Stage, alice: AvatarClient
) -> None:
    subject = stage.thing_with_photos(alice)
    assert stage.train(alice, subject)["state"] == "succeeded"
    before = configuration(stage)
    (first,) = pictures(stage.generate(alice, subject_id=subject, seed=5))
    assert stage.train(alice, subject)["state"] == "succeeded"
    (second,) = pictures(stage.generate(alice, subject_id=subject, seed=5))
    assert distance(first, second) > SAME
    assert configuration(stage) == before


def test_a_withheld_image_has_no_link(stage: Stage, ada: AvatarClient, ready_subject: str) -> None:
    stage.backstage.withhold_next_image()
    ended = stage.generate(ada, subject_id=ready_subject, samples=2)
    assert ended["state"] == "partially_filtered"
    reasons = sorted(artifact["finish_reason"] for artifact in ended["artifacts"])
    assert reasons == ["CONTENT_FILTERED", "SUCCESS"]
    withheld = next(a for a in ended["artifacts"] if a["finish_reason"] == "CONTENT_FILTERED")
    assert withheld.get("url") is None


def test_an_image_waits_while_moderation_is_down(
    stage: Stage, ada: AvatarClient, ready_subject: str
) -> None:
    fault(stage, "rekognition", "DetectModerationLabels", count=6)
    ended = stage.generate(ada, subject_id=ready_subject)
    assert ended["state"] == "succeeded"


def test_a_prompt_is_not_accepted_while_moderation_is_down(
    stage: Stage, alice: AvatarClient
) -> None:
    fault(stage, "comprehend", "DetectToxicContent", count=10)
    with pytest.raises(ApiError) as refusal:
        alice.post("/generations", {"text_prompts": [{"text": "a hat"}]})
    assert refusal.value.status == 503
    assert list(alice.items("/generations")) == []
    requests.delete(f"{stage.backstage.endpoint}/_local/comprehend/verdicts", timeout=10)


def test_another_language_is_no_way_around(stage: Stage, alice: AvatarClient) -> None:
    body = {"text_prompts": [{"text": TEST_PHRASES["de"]}]}
    with pytest.raises(ApiError) as refusal:
        alice.post("/generations", body)
    assert (refusal.value.status, refusal.value.code) == (422, "prompt_rejected")
    fault(stage, "translate", "TranslateText", count=10)
    with pytest.raises(ApiError) as refusal:
        alice.post("/generations", body)
    assert refusal.value.status == 503
    requests.delete(f"{stage.backstage.endpoint}/_local/translate/verdicts", timeout=10)


def test_a_serving_process_killed_in_the_middle_leaves_nothing_stuck(
    stage: Stage, ada: AvatarClient, ready_subject: str
) -> None:
    stage.generate(ada, subject_id=ready_subject)
    body = {
        "subject_id": ready_subject,
        "text_prompts": [{"text": "<subject>"}],
        "steps": 50,
        "samples": 4,
    }
    created = ada.post("/generations", body)
    eventually(
        lambda: ada.get(f"/generations/{created['id']}")["state"] == "running",
        seconds=90,
        every=0.1,
    )
    for process in stage.backstage.processes("serving"):
        os.kill(process["pid"], signal.SIGKILL)
    ended = stage.generated(ada, created["id"])
    assert ended["state"] in {"succeeded", "failed"}
    if ended["state"] == "failed":
        assert ended["failure"]["reason"]
    assert stage.generate(ada, subject_id=ready_subject)["state"] == "succeeded"


def test_a_cancelled_generation_never_shows_an_image(
    stage: Stage, ada: AvatarClient, ready_subject: str
) -> None:
    body = {"subject_id": ready_subject, "text_prompts": [{"text": "<subject>"}], "steps": 50}
    created = ada.post("/generations", body)
    ada.post(f"/generations/{created['id']}/cancel")
    assert ada.get(f"/generations/{created['id']}")["state"] == "cancelled"
    follower = stage.generate(ada, subject_id=ready_subject)
    assert follower["state"] == "succeeded"
    cancelled = ada.get(f"/generations/{created['id']}")
    assert cancelled["state"] == "cancelled"
    assert all(artifact.get("url") is None for artifact in cancelled["artifacts"])
