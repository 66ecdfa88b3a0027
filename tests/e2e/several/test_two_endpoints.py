"""Two equal endpoints of a base share its subjects; each sleeps and wakes by its own queue."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from demo.photos import portraits
from lambdas.domain.routing import DEFAULT_UNDISTURBED, Ring
from tests.e2e.grant_scenes import owner_of
from tests.e2e.several.deployed import (
    DEFAULT,
    PATIENCE_SECONDS,
    Watch,
    asleep,
    ended,
    endpoints,
    size_of,
)

if TYPE_CHECKING:
    from demo.client import AvatarClient
    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

POLICIES = {"wake-from-zero", "follow-backlog", "rest"}
# Of two subjects that live together, the last ones find their home full and go next door.
EACH = DEFAULT_UNDISTURBED // 2 + 1


@pytest.fixture
def twins(stage: Stage) -> list[str]:
    """The two endpoints of the default base."""
    found = [name for name, base in endpoints(stage).items() if base == DEFAULT]
    assert len(found) == 2
    return found


def chosen(stage: Stage, user: AvatarClient, generation: str) -> str:
    """The endpoint that a generation was given to, as its record says."""
    item = stage.client("dynamodb").get_item(
        TableName=stage.outputs.TableName,
        Key={"pk": {"S": f"OWNER#{owner_of(user)}"}, "sk": {"S": f"GENERATION#{generation}"}},
        ConsistentRead=True,
    )["Item"]
    return str(item["endpoint"]["S"])


def learned(stage: Stage, user: AvatarClient) -> tuple[str, str]:
    """A subject, and the training that taught it."""
    subject = stage.new_subject(user, "object")
    photos = stage.upload(user, subject, portraits(4), seconds=PATIENCE_SECONDS)
    assert [photo["state"] for photo in photos] == ["accepted"] * 4
    training = stage.train(user, subject)
    assert training["state"] == "succeeded", training
    return subject, training["id"]


def test_each_may_go_to_zero_and_has_policies_of_its_own(stage: Stage, twins: list[str]) -> None:
    scaling = stage.client("application-autoscaling")
    everywhere = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    for name in twins:
        (target,) = [t for t in everywhere if t["ResourceId"].startswith(f"endpoint/{name}/")]
        assert target["MinCapacity"] == 0
        policies = scaling.describe_scaling_policies(
            ServiceNamespace="sagemaker", ResourceId=target["ResourceId"]
        )["ScalingPolicies"]
        assert {policy["PolicyName"] for policy in policies} == POLICIES


def test_subjects_are_drawn_where_they_are_at_home_and_next_door_when_it_is_full_there(
    stage: Stage, eve: AvatarClient, twins: list[str]
) -> None:
    subjects = dict(learned(stage, eve) for _ in range(2))
    asleep(stage)
    watch, ring = Watch(stage), Ring(twins)
    asked: dict[str, list[str]] = {}
    for subject in subjects:
        body = {"subject_id": subject, "text_prompts": [{"text": "portrait of <subject>"}]}
        asked[subject] = [
            eve.post("/generations", {**body, "steps": 10})["id"] for _ in range(EACH)
        ]
    given = {one: chosen(stage, eve, one) for ids in asked.values() for one in ids}
    for subject, training in subjects.items():
        assert given[asked[subject][0]] == ring.home(training)
    assert set(given.values()) == set(twins), Counter(given.values())
    for one in given:
        generation = ended(eve, one, watch)
        assert (generation["state"], generation["model"]) == ("succeeded", DEFAULT), generation
        assert size_of(generation) == (128, 128)
    assert all(watch.most[name] for name in twins), watch.most
    asleep(stage)
