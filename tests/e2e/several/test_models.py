"""Each base model is drawn by its own endpoint, and a subject by the base that learned it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from demo.client import AvatarClient
from demo.journey import TRAINING_ENDS
from demo.photos import portraits
from demo.scan import Scan, naming
from tests.e2e.several.deployed import (
    DEFAULT,
    HAT,
    HOSTED,
    PATIENCE_SECONDS,
    SECOND,
    Watch,
    asleep,
    drawn,
    ended,
    endpoints,
    refused,
    size_of,
)
from tests.e2e.stage import eventually

if TYPE_CHECKING:
    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


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
    assert sorted(names.values()) == [DEFAULT, DEFAULT, SECOND]
    assert set(watched) == set(names)
    first, *others = watched.values()
    assert others == [first] * 2
    assert {"HasBacklogWithoutCapacity", "ApproximateAgeOfOldestRequest"} <= first
    (dashboard,) = watch.list_dashboards()["DashboardEntries"]
    body = watch.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"]
    assert all(name in body for name in names)


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


@pytest.mark.parametrize(("model", "side"), [(SECOND, 64), (DEFAULT, 128)])
def test_a_base_without_a_subject_is_drawn_by_its_first_endpoint_and_wakes_no_other(
    stage: Stage, eve: AvatarClient, model: str, side: int
) -> None:
    asleep(stage)
    own = stage.outputs.EndpointName
    if model == SECOND:
        (own,) = [name for name, base in endpoints(stage).items() if base == SECOND]
    watch = Watch(stage)
    created = eve.post("/generations", {**HAT, "model": model, "steps": 10})
    generation = ended(eve, created["id"], watch)
    assert (generation["state"], generation["model"]) == ("succeeded", model), generation
    assert size_of(generation) == (side, side)
    assert {name for name, most in watch.most.items() if most} == {own}
    asleep(stage)
