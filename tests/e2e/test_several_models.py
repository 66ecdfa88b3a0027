"""Two base models and a hosted one, deployed as a whole: `make test-models`, some minutes.

The second base is `tiny-sdxl`, which draws no likeness of anybody: what is shown here is that each
request reaches the model that it means, with the rights that were granted, and leaves nothing.
"""

from __future__ import annotations

import base64
import io
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
import requests
from PIL import Image

from demo.backstage import Backstage
from demo.client import ApiError, AvatarClient
from demo.deployment import ROOT, Deployment
from demo.journey import GENERATION_ENDS, TRAINING_ENDS
from demo.photos import portraits
from demo.scan import Scan, naming
from infra.merge_patch import merge
from local_aws.testing import embedded_aws
from tests.e2e.stage import Stage, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

PATCH = ROOT / "demo" / "several_models.json"
# Whether a job may, not what it learns.
BRIEF = {"domain": {"training": {"recipe": {"max_steps": 40}}}}
PATIENCE_SECONDS = 600
DEFAULT, SECOND, HOSTED = "miniature", "tiny-sdxl", "stable-image-core"
HAT = {"text_prompts": [{"text": "a hat"}]}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with embedded_aws(speed=60) as embedding:
        work = tmp_path_factory.mktemp("several")
        patch = work / "patch.json"
        patch.write_text(json.dumps(merge(json.loads(PATCH.read_text()), BRIEF)))
        outputs = Deployment(embedding.environment, work, patch=patch).deploy()
        folder = embedding.data_dir / "run"
        yield Stage.over(Backstage(embedding.environment, outputs, folder))


@pytest.fixture(scope="module")
def eve(stage: Stage) -> AvatarClient:
    return stage.user("eve")


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


def drawn(user: AvatarClient, **body: Any) -> dict[str, Any]:
    created = user.post("/generations", {**HAT, **body})
    return ended(user, created["id"])


def ended(
    user: AvatarClient, generation: str, seen: Callable[[dict[str, Any]], None] = lambda _: None
) -> dict[str, Any]:
    path = f"/generations/{generation}"
    return user.wait(
        path, lambda g: g["state"] in GENERATION_ENDS, seconds=PATIENCE_SECONDS, seen=seen
    )


def size_of(generation: dict[str, Any]) -> tuple[int, int]:
    (artifact,) = generation["artifacts"]
    content = requests.get(artifact["url"], timeout=20).content
    return Image.open(io.BytesIO(content)).size


def refused(user: AvatarClient, path: str, body: dict[str, Any]) -> dict[str, str]:
    """The pointers of a 422 with their codes."""
    with pytest.raises(ApiError) as refusal:
        user.post(path, body)
    assert refusal.value.status == 422, refusal.value
    return {each["pointer"]: each["code"] for each in refusal.value.problem["errors"]}


def endpoints(stage: Stage) -> dict[str, str]:
    """Base model → its endpoint."""
    sagemaker = stage.client("sagemaker")
    found = {}
    for endpoint in sagemaker.list_endpoints()["Endpoints"]:
        name = endpoint["EndpointName"]
        config = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
        (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)[
            "ProductionVariants"
        ]
        model = sagemaker.describe_model(ModelName=variant["ModelName"])
        found[model["PrimaryContainer"]["Environment"]["BASE_MODEL_ID"]] = name
    return found


def instances(stage: Stage) -> dict[str, int]:
    sagemaker = stage.client("sagemaker")
    return {
        base: sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0][
            "CurrentInstanceCount"
        ]
        for base, name in endpoints(stage).items()
    }


def asleep(stage: Stage) -> None:
    """Wait until no endpoint has an instance, and nothing serves."""
    eventually(lambda: not any(instances(stage).values()), seconds=PATIENCE_SECONDS)
    stage.backstage.wait_for_serving(False, PATIENCE_SECONDS)


def test_all_three_are_on_offer_the_default_base_first(eve: AvatarClient) -> None:
    models = list(eve.items("/models"))
    offered = [(each["id"], each["family"], each["hosted"]) for each in models]
    assert offered == [(DEFAULT, "sd", False), (SECOND, "sdxl", False), (HOSTED, "hosted", True)]
    assert [each["is_default"] for each in models] == [True, False, False]
    assert all(each["max_output_pixels"] == 4096 * 4096 for each in models)


def test_each_endpoint_has_its_alarms_and_its_part_of_the_dashboard(stage: Stage) -> None:
    watch = stage.client("cloudwatch")
    watched = defaultdict(set)
    for page in watch.get_paginator("describe_alarms").paginate():
        for alarm in page["MetricAlarms"]:
            for dimension in alarm.get("Dimensions", []):
                if dimension["Name"] == "EndpointName":
                    watched[dimension["Value"]].add(alarm["MetricName"])
    names = endpoints(stage)
    assert set(names) == {DEFAULT, SECOND}
    assert set(watched) == set(names.values())
    first, second = watched.values()
    assert first == second
    assert {"HasBacklogWithoutCapacity", "ApproximateAgeOfOldestRequest"} <= first
    (dashboard,) = watch.list_dashboards()["DashboardEntries"]
    body = watch.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"]
    assert all(name in body for name in names.values())


def test_a_subject_is_drawn_by_the_base_that_it_was_learned_on_last(
    stage: Stage, eve: AvatarClient
) -> None:
    subject = stage.new_subject(eve, "object")
    photos = stage.upload(eve, subject, portraits(4), seconds=PATIENCE_SECONDS)
    assert [photo["state"] for photo in photos] == ["accepted"] * 4
    ids = {subject}
    for model, other, side in ((DEFAULT, SECOND, 128), (SECOND, DEFAULT, 64)):
        begun = eve.post(f"/subjects/{subject}/trainings", {"base_model": model})
        path = f"/trainings/{begun['id']}"
        training = eve.wait(path, lambda t: t["state"] in TRAINING_ENDS, seconds=PATIENCE_SECONDS)
        assert (training["state"], training["base_model"]) == ("succeeded", model), training
        asked = {"subject_id": subject, "text_prompts": [{"text": "portrait of <subject>"}]}
        assert refused(eve, "/generations", {**asked, "model": other}) == {"/model": "wrong_model"}
        generation = drawn(eve, **asked, steps=10)
        assert (generation["state"], generation["model"]) == ("succeeded", model), generation
        assert size_of(generation) == (side, side)
        ids |= {training["id"], generation["id"]}
    held = stage.backstage.traces(ids)["bucket models"]
    adapters = {key.rsplit("/", 2)[1] for key in held}
    assert len(adapters) == 2, held
    erasure = eve.delete(f"/subjects/{subject}")
    done = f"/erasures/{erasure['id']}"
    AvatarClient(stage.base_url).wait(
        done, lambda e: e["state"] == "completed", seconds=PATIENCE_SECONDS
    )
    assert not any(stage.backstage.traces(ids).values())
    # Both endpoints let go of the adapter with their next sweep, or with their last instance.
    eventually(
        lambda: not naming(Scan(stage.backstage, frozenset(ids)).run()), seconds=PATIENCE_SECONDS
    )


def test_a_base_without_a_subject_is_drawn_by_its_own_endpoint_and_wakes_no_other(
    stage: Stage, eve: AvatarClient
) -> None:
    asleep(stage)
    most: dict[str, int] = dict.fromkeys((DEFAULT, SECOND), 0)

    def count(_: dict[str, Any]) -> None:
        for model, running in instances(stage).items():
            most[model] = max(most[model], running)

    created = eve.post("/generations", {**HAT, "model": SECOND, "steps": 10})
    generation = ended(eve, created["id"], count)
    assert (generation["state"], generation["model"]) == ("succeeded", SECOND), generation
    assert size_of(generation) == (64, 64)
    assert most == {DEFAULT: 0, SECOND: 1}
    asleep(stage)


@pytest.mark.usefixtures("_planted")
class TestHosted:
    """Words without a subject, drawn by the embedded Bedrock."""

    def test_words_alone_are_drawn_elsewhere_and_released_like_every_image(
        self, stage: Stage, eve: AvatarClient
    ) -> None:
        generation = drawn(eve, aspect="widescreen", style_preset="cinematic")
        assert (generation["state"], generation["model"]) == ("succeeded", HOSTED), generation
        assert size_of(generation) == (1344, 768)
        assert not stage.backstage.processes("serving")
        content = requests.get(generation["artifacts"][0]["url"], timeout=20).content
        known = eve.post("/verify", {"image": base64.b64encode(content).decode()})
        assert known["by"] == ["content_credentials", "watermark"]

    def test_its_images_are_screened_like_all_others(self, stage: Stage, eve: AvatarClient) -> None:
        stage.backstage.withhold_next_image()
        generation = drawn(eve)
        (artifact,) = generation["artifacts"]
        assert (generation["state"], artifact["finish_reason"]) == ("filtered", "CONTENT_FILTERED")
        assert artifact.get("url") is None

    def test_what_it_does_not_take_is_refused_by_name(self, eve: AvatarClient) -> None:
        body = {**HAT, "steps": 20, "sampler": "K_EULER", "cfg_scale": 5}
        expected = dict.fromkeys(("/steps", "/sampler", "/cfg_scale"), "not_offered")
        assert refused(eve, "/generations", body) == expected

    def test_throttled_it_is_asked_again(self, stage: Stage, eve: AvatarClient) -> None:
        plant(stage, fault="ThrottlingException", count=2)
        generation = drawn(eve)
        assert generation["state"] == "succeeded", generation

    def test_what_its_own_filter_keeps_is_withheld(self, stage: Stage, eve: AvatarClient) -> None:
        plant(stage, finish_reason="Filter reason: output image")
        generation = drawn(eve, samples=2)
        reasons = sorted(each["finish_reason"] for each in generation["artifacts"])
        assert generation["state"] == "partially_filtered", generation
        assert reasons == ["CONTENT_FILTERED", "SUCCESS"]
        withheld = next(
            each for each in generation["artifacts"] if each["finish_reason"] == "CONTENT_FILTERED"
        )
        assert withheld.get("url") is None
