from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.client import ApiError, AvatarClient
from tests.e2e.stage import eventually

if TYPE_CHECKING:
    from tests.e2e.stage import Stage


def clean(stage: Stage, ids: set[str]) -> bool:
    return not any(stage.backstage.traces(ids).values())


def test_a_deleted_subject_leaves_nothing_behind(stage: Stage, alice: AvatarClient) -> None:
    subject = stage.subject_with_photos(alice)
    ids = {subject} | {photo["id"] for photo in alice.items(f"/subjects/{subject}/photos")}
    training = stage.train(alice, subject)
    assert training["state"] == "succeeded"
    generation = stage.generate(alice, subject_id=subject)
    ids |= {training["id"], generation["id"]} | {a["id"] for a in generation["artifacts"]}
    assert not clean(stage, ids)
    alice.delete(f"/subjects/{subject}")
    for path in [f"/subjects/{subject}", f"/trainings/{training['id']}"]:
        with pytest.raises(ApiError) as refusal:
            alice.get(path)
        assert refusal.value.status == 404
    eventually(lambda: clean(stage, ids), seconds=90)


def test_deleting_a_subject_in_training_stops_the_training(
    stage: Stage, alice: AvatarClient
) -> None:
    subject = stage.subject_with_photos(alice)
    training = alice.post(f"/subjects/{subject}/trainings")["id"]
    eventually(lambda: bool(stage.backstage.processes("training")), seconds=60)
    alice.delete(f"/subjects/{subject}")
    eventually(lambda: not stage.backstage.processes("training"), seconds=90)
    eventually(lambda: clean(stage, {subject, training}), seconds=90)


def test_a_deleted_account_leaves_nothing_behind_and_others_untouched(
    stage: Stage, alice: AvatarClient, bob: AvatarClient
) -> None:
    hers = stage.subject_with_photos(alice, 2)
    his = stage.new_subject(bob)
    alice.delete("/me")
    eventually(lambda: clean(stage, {hers}), seconds=90)
    assert bob.get(f"/subjects/{his}")["id"] == his
