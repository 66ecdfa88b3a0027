from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.receipt import ErasureState, SignedReceipt, target_hash
from lambdas.domain.settings import DomainSettings
from lambdas.records import keys
from lambdas.records.erasures import Erasure, ErasureKind, read_progress
from lambdas.records.receipts import completed, moved
from lambdas.table import Put
from tests.unit.lambdas.api.subjects_world import ADA, SubjectsWorld
from tests.unit.lambdas.fakes import START
from tests.unit.lambdas.gateway import OWNER, server_claims
from tests.unit.lambdas.given import SETTINGS


@pytest.fixture
def world() -> SubjectsWorld:
    return SubjectsWorld()


@pytest.mark.parametrize("path", ["/subjects/{subject}", "/me"])
def test_a_deletion_says_by_when_all_is_gone_and_where_to_follow_it(
    world: SubjectsWorld, path: str
) -> None:
    subject = world.new_subject()
    reply = world.client.delete(path.format(subject=subject))
    assert reply.status == 202
    asked, by = (datetime.fromisoformat(reply.body[n]) for n in ("requested_at", "erased_by"))
    assert by - asked == timedelta(hours=world.settings.erasure.deadline_hours)
    assert reply.body["state"] == "requested"
    assert reply.body["receipt"] is None
    assert reply.headers["Location"] == f"/v1/erasures/{reply.body['id']}"
    stranger = world.client.as_someone_else()
    assert stranger.get(f"/erasures/{reply.body['id']}").body == reply.body


def test_an_erasure_is_followed_to_its_receipt(world: SubjectsWorld) -> None:
    erasure = world.client.delete(f"/subjects/{world.new_subject()}").body["id"]
    for state in (ErasureState.REMOVING, ErasureState.WAITING):
        world.table.write(moved(erasure, state))
        assert world.client.get(f"/erasures/{erasure}").body["state"] == state
    signed = SignedReceipt("{}", "MEU=", "a-key")
    world.table.write(completed(erasure, signed, {"photos/photo": 3, "a/b": 0}, START, keep_days=2))
    body = world.client.get(f"/erasures/{erasure}").body
    assert body["state"] == "completed"
    assert body["removed"] == [{"store": "photos", "kind": "photo", "count": 3}]
    assert body["receipt"] == {
        "document": "{}",
        "signature": "MEU=",
        "algorithm": "ECDSA_SHA_256",
        "key_id": "a-key",
    }
    item = world.table.get(keys.receipt_key(erasure))
    assert item is not None
    assert item["ttl"] == int((START + timedelta(days=2)).timestamp())


def test_the_receipt_does_not_tell_what_it_is_about(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    erasure = world.client.delete(f"/subjects/{subject}").body["id"]
    item = world.table.get(keys.receipt_key(erasure))
    assert item is not None
    assert item["target_sha256"] == target_hash(subject)
    assert not {subject, OWNER} & {str(value) for value in item.values()}


@pytest.mark.parametrize("erasure", [new_id(Prefix.ERASURE, START, bytes(10)), "era_1", "sub_x"])
def test_an_erasure_that_never_was_is_not_found(world: SubjectsWorld, erasure: str) -> None:
    assert world.client.get(f"/erasures/{erasure}").status == 404


def test_an_account_that_is_deleted_twice_has_one_erasure(world: SubjectsWorld) -> None:
    replies = [world.client.delete("/me") for _ in range(2)]
    assert replies[0].body["id"] == replies[1].body["id"]


def test_the_sign_in_goes_with_a_person_and_not_with_a_server(world: SubjectsWorld) -> None:
    world.client.delete("/me")
    world.client.call("DELETE", "/me", claims=server_claims("7server"))
    for owner, signs_in in ((OWNER, True), ("7server", False)):
        progress = read_progress(world.table, Erasure(ErasureKind.ACCOUNT, owner, owner))
        assert progress is not None
        assert progress.signs_in is signs_in


def test_a_token_that_outlives_its_account_begins_nothing(world: SubjectsWorld) -> None:
    key = keys.gone_key(OWNER)
    world.table.write(Put({"pk": key.pk, "sk": key.sk}))
    refused = world.client.post("/subjects", ADA, headers={"Idempotency-Key": "k"})
    assert (refused.status, refused.code) == (401, "account_erased")
    assert world.table.partition(keys.owner_partition(OWNER)) == []
    assert world.client.as_someone_else().post("/subjects", ADA).status == 201


def test_a_deadline_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(ValueError, match="deadline_hours"):
        DomainSettings.model_validate({**SETTINGS, "erasure": {"deadline_hours": 7}})
