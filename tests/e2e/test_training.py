from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from demo.client import ApiError, AvatarClient
from tests.e2e.stage import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.stage import Stage


def adapters(stage: Stage, subject: str) -> set[str]:
    pages = stage.client("s3").get_paginator("list_objects_v2")
    keys = [
        item["Key"]
        for page in pages.paginate(Bucket=stage.outputs.ModelsBucket, Prefix="adapters/")
        for item in page.get("Contents", [])
    ]
    return {key.split("/")[-2] for key in keys if subject in key}


def training_process(stage: Stage) -> int | None:
    found = stage.backstage.processes("training")
    return int(found[0]["pid"]) if found else None


def running_step(user: AvatarClient, training: str) -> bool:
    progress = user.get(f"/trainings/{training}").get("progress") or {}
    return (progress.get("step") or 0) > 0


@pytest.fixture
def no_capacity(stage: Stage) -> Iterator[None]:
    switch = f"{stage.backstage.endpoint}/_local/sagemaker/capacity"
    requests.post(switch, json={"available": False}, timeout=10).raise_for_status()
    yield
    requests.post(switch, json={"available": True}, timeout=10).raise_for_status()


def test_a_training_publishes_an_adapter_and_makes_the_subject_ready(
    stage: Stage, ada: AvatarClient, ready_subject: str
) -> None:
    trainings = list(ada.items(f"/subjects/{ready_subject}/trainings"))
    assert trainings[0]["state"] == "succeeded"
    assert ada.get(f"/subjects/{ready_subject}")["state"] == "ready"
    assert trainings[0]["id"] in adapters(stage, ready_subject)


@pytest.mark.usefixtures("brief")
def test_a_killed_training_is_retried_and_a_second_one_is_refused_meanwhile(
    stage: Stage, alice: AvatarClient
) -> None:
    subject = stage.thing_with_photos(alice)
    training = alice.post(f"/subjects/{subject}/trainings")["id"]
    with pytest.raises(ApiError) as refusal:
        alice.post(f"/subjects/{subject}/trainings")
    assert (refusal.value.status, refusal.value.code) == (409, "training_active")
    eventually(lambda: running_step(alice, training), seconds=120)
    pid = training_process(stage)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    ended = stage.trained(alice, training)
    assert ended["state"] == "succeeded", ended
    assert ended["attempt"] == 2


def test_a_cancelled_training_stops_its_process_and_publishes_nothing(
    stage: Stage, alice: AvatarClient
) -> None:
    subject = stage.thing_with_photos(alice)
    training = alice.post(f"/subjects/{subject}/trainings")["id"]
    eventually(lambda: running_step(alice, training), seconds=120)
    alice.post(f"/trainings/{training}/cancel")
    assert alice.get(f"/trainings/{training}")["state"] == "cancelled"
    eventually(lambda: training_process(stage) is None, seconds=60)
    assert adapters(stage, subject) == set()
    assert alice.get(f"/subjects/{subject}")["state"] == "collecting"
    assert stage.trained(alice, training)["state"] == "cancelled"


@pytest.mark.usefixtures("no_capacity")
def test_without_capacity_a_training_fails_with_a_reason_a_person_understands(
    stage: Stage, alice: AvatarClient
) -> None:
    subject = stage.thing_with_photos(alice)
    ended: dict[str, Any] = stage.train(alice, subject)
    assert ended["state"] == "failed"
    assert ended["failure"]["code"] == "no_capacity"
    assert alice.get(f"/subjects/{subject}")["state"] == "collecting"
