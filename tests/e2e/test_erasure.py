from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from demo.client import ApiError, AvatarClient
from demo.receipt import check
from demo.scan import LOGS, Scan, naming
from tests.e2e.grant_scenes import owner_of
from tests.e2e.stage import eventually

if TYPE_CHECKING:
    from tests.e2e.stage import Stage


def clean(stage: Stage, ids: set[str]) -> bool:
    return not any(stage.backstage.traces(ids).values())


def traces(stage: Stage, ids: set[str]) -> dict[str, list[str]]:
    """By reading everything that the embedded AWS keeps."""
    return naming(Scan(stage.backstage, frozenset(ids)).run())


def receipt_of(stage: Stage, erasure: str) -> dict[str, Any]:
    """The signed document, read without a token once the erasure is complete."""
    anybody = AvatarClient(stage.base_url)
    path = f"/erasures/{erasure}"
    ended = anybody.wait(path, lambda e: e["state"] == "completed", seconds=90)
    return check(ended, stage.backstage.receipt_key())


@pytest.mark.usefixtures("brief")
def test_a_deleted_subject_leaves_nothing_behind(stage: Stage, alice: AvatarClient) -> None:
    subject = stage.subject_with_photos(alice)
    ids = {subject} | {photo["id"] for photo in alice.items(f"/subjects/{subject}/photos")}
    training = stage.train(alice, subject)
    assert training["state"] == "succeeded"
    generation = stage.generate(alice, subject_id=subject)
    ids |= {training["id"], generation["id"]} | {a["id"] for a in generation["artifacts"]}
    assert not clean(stage, ids)
    assert traces(stage, ids)
    erasure = alice.delete(f"/subjects/{subject}")
    assert erasure["requested_at"] < erasure["erased_by"]
    for path in [f"/subjects/{subject}", f"/trainings/{training['id']}"]:
        with pytest.raises(ApiError) as refusal:
            alice.get(path)
        assert refusal.value.status == 404
    receipt = receipt_of(stage, erasure["id"])
    assert receipt["target_sha256"] == hashlib.sha256(subject.encode()).hexdigest()
    counts = {f"{row['store']}/{row['kind']}": row["count"] for row in receipt["removed"]}
    assert (counts["photos/photo"], counts["avatars/image"]) == (10, 1)
    assert counts["records/photo"] == 10
    assert clean(stage, ids)
    # The endpoint that made the image lets go of the adapter with its next sweep.
    eventually(lambda: not traces(stage, ids), seconds=60)


def test_deleting_a_subject_in_training_stops_the_training(
    stage: Stage, alice: AvatarClient
) -> None:
    subject = stage.thing_with_photos(alice)
    training = alice.post(f"/subjects/{subject}/trainings")["id"]
    eventually(lambda: bool(stage.backstage.processes("training")), seconds=60)
    alice.delete(f"/subjects/{subject}")
    eventually(lambda: not stage.backstage.processes("training"), seconds=90)
    eventually(lambda: clean(stage, {subject, training}), seconds=90)


def test_a_deleted_account_leaves_nothing_behind_and_others_untouched(
    stage: Stage, alice: AvatarClient, bob: AvatarClient
) -> None:
    hers, her_id = stage.subject_with_photos(alice, 2), owner_of(alice)
    his = stage.new_subject(bob)
    assert traces(stage, {her_id})
    erasure = alice.delete("/me")
    receipt = receipt_of(stage, erasure["id"])
    assert {"store": "identity", "kind": "user", "count": 1} in receipt["removed"]
    found = Scan(stage.backstage, frozenset({hers, her_id})).run()
    assert naming(found) == {}
    names_her = Scan(stage.backstage, frozenset({her_id})).run()[LOGS]
    assert names_her.naming == []
    assert names_her.looked_at > 0
    with pytest.raises(ApiError) as refusal:
        stage.new_subject(alice)  # her token lives on for a while
    assert refusal.value.code == "account_erased"
    assert bob.get(f"/subjects/{his}")["id"] == his
