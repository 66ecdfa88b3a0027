from __future__ import annotations

import hashlib
from typing import Any

import pytest

from lambdas.domain.ids import Prefix, is_id, new_id
from lambdas.records import keys
from lambdas.records.erasures import due_erasures
from tests.unit.lambdas.api.subjects_world import ADA, CONSENT, SubjectsWorld
from tests.unit.lambdas.fakes import START
from tests.unit.lambdas.gateway import OWNER, server_claims


@pytest.fixture
def world() -> SubjectsWorld:
    return SubjectsWorld()


def test_a_new_subject_waits_for_photos(world: SubjectsWorld) -> None:
    reply = world.client.post("/subjects", ADA)
    assert reply.status == 201
    assert is_id(Prefix.SUBJECT, reply.body["id"])
    assert reply.headers["Location"] == f"/v1/subjects/{reply.body['id']}"
    assert reply.body == {
        "id": reply.body["id"],
        "name": "Ada",
        "kind": "person",
        "class_noun": "person",
        "state": "collecting",
        "photos": {"accepted": 0, "checking": 0, "rejected": 0, "minimum": 10, "maximum": 15},
        "active_training": None,
        "adapter_expires_at": None,
        "adapter_expired_at": None,
        "consent": {
            "statement": CONSENT["statement"],
            "sha256": hashlib.sha256(CONSENT["statement"].encode()).hexdigest(),
            "version": "2026-11",
            "given_at": "2026-11-21T12:00:00.000Z",
            "given_by": OWNER,
            "given_for": "Ada",
        },
        "created_at": "2026-11-21T12:00:00.000Z",
    }
    assert world.client.get(f"/subjects/{reply.body['id']}").body == reply.body


def test_a_pet_may_be_called_what_it_is(world: SubjectsWorld) -> None:
    body = {**ADA, "kind": "pet", "class_noun": "border collie"}
    reply = world.client.post("/subjects", body)
    assert reply.body["class_noun"] == "border collie"
    assert reply.body["photos"]["minimum"] == 4


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (
            {"consent": {"statement": "yes", "accepted": False}},
            "/consent/accepted",
            "consent_required",
        ),
        ({"consent": {"accepted": True}}, "/consent/statement", "required"),
        ({"consent": {"statement": "  ", "accepted": True}}, "/consent/statement", "too_short"),
        ({"consent": None}, "/consent", "wrong_type"),
        ({"consent": {**CONSENT, "version": "a version"}}, "/consent/version", "invalid"),
        ({"consent": {**CONSENT, "given_by": "somebody"}}, "/consent/given_by", "unknown_field"),
        ({"kind": "ghost"}, "/kind", "not_allowed"),
        ({"name": ""}, "/name", "too_short"),
        ({"name": "x" * 81}, "/name", "too_long"),
        ({"name": "a\u0000b"}, "/name", "not_text"),
        ({"class_noun": "<subject>"}, "/class_noun", "invalid"),
        ({"state": "ready"}, "/state", "unknown_field"),
    ],
)
def test_what_cannot_be_a_subject_is_refused(
    world: SubjectsWorld, changes: dict[str, Any], pointer: str, code: str
) -> None:
    reply = world.client.post("/subjects", {**ADA, **changes})
    assert reply.status == 422
    assert (pointer, code) in {(e["pointer"], e["code"]) for e in reply.body["errors"]}


def test_consent_is_kept_as_it_was_given_whatever_the_subject_is_called_later(
    world: SubjectsWorld,
) -> None:
    subject = world.new_subject(consent={"statement": "Zo\u00eb agreed.", "accepted": True})
    given = world.client.get(f"/subjects/{subject}").body["consent"]
    assert given == {
        "statement": "Zo\u00eb agreed.",
        "sha256": hashlib.sha256("Zo\u00eb agreed.".encode()).hexdigest(),
        "version": None,
        "given_at": "2026-11-21T12:00:00.000Z",
        "given_by": OWNER,
        "given_for": "Ada",
    }
    world.clock.advance(days=400)
    world.client.patch(f"/subjects/{subject}", {"name": "Bea"})
    after = world.client.get(f"/subjects/{subject}").body
    assert after["name"] == "Bea"
    assert after["consent"] == given
    (record,) = [i for i in world.table.partition(f"OWNER#{OWNER}") if i.get("id") == subject]
    assert record["consent"]["sha256"] == given["sha256"]


def test_a_noun_that_no_prompt_may_say_names_no_subject(world: SubjectsWorld) -> None:
    reply = world.client.post("/subjects", {**ADA, "class_noun": "nude woman"})
    assert (reply.status, reply.body["code"]) == (422, "prompt_rejected")


@pytest.mark.parametrize(
    ("changes", "category"),
    [
        ({"name": "n u d e"}, "SEXUAL"),
        ({"name": "awful"}, "INSULT"),
        ({"consent": {"statement": "You are vermin.", "accepted": True}}, "HATE_SPEECH"),
    ],
)
def test_what_a_moderator_will_read_is_screened(
    world: SubjectsWorld, changes: dict[str, Any], category: str
) -> None:
    world.text_moderation.words = {"awful": {"INSULT": 0.9}, "vermin": {"HATE_SPEECH": 0.9}}
    reply = world.client.post("/subjects", {**ADA, **changes})
    assert (reply.status, reply.code, reply.body["category"]) == (422, "text_rejected", category)
    assert "awful" not in str(reply.body)
    assert world.client.get("/subjects").body["items"] == []
    if "name" in changes:
        subject = world.new_subject()
        reply = world.client.patch(f"/subjects/{subject}", changes)
        assert (reply.status, reply.body["category"]) == (422, category)
        assert world.client.get(f"/subjects/{subject}").body["name"] == "Ada"


def test_a_person_is_no_child(world: SubjectsWorld) -> None:
    reply = world.client.post("/subjects", {**ADA, "class_noun": "toddler"})
    assert reply.body["category"] == "MINORS"
    world.new_subject(kind="object", class_noun="toddler")


def test_without_moderation_nothing_is_named(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    world.text_moderation.available = False
    created = world.client.post("/subjects", ADA)
    renamed = world.client.patch(f"/subjects/{subject}", {"name": "Eve"})
    for reply in (created, renamed):
        assert reply.status == 503
        assert int(reply.headers["Retry-After"]) > 0
    assert [item["name"] for item in world.client.get("/subjects").body["items"]] == ["Ada"]


def test_there_is_a_limit_to_subjects_and_deleting_one_makes_room(world: SubjectsWorld) -> None:
    first, *_ = (world.new_subject() for _ in range(3))
    reply = world.client.post("/subjects", ADA)
    assert (reply.status, reply.code) == (409, "subject_limit_reached")
    world.client.delete(f"/subjects/{first}")
    assert world.client.post("/subjects", ADA).status == 201


def test_two_requests_at_once_cannot_exceed_the_limit(world: SubjectsWorld) -> None:
    world.new_subject()
    world.new_subject()
    world.table.before_write = world.new_subject
    assert world.client.post("/subjects", ADA).code == "subject_limit_reached"
    assert world.client.get("/me").body["usage"]["subjects"] == 3


def test_a_list_has_the_newest_first_page_by_page(world: SubjectsWorld) -> None:
    made = []
    for _ in range(3):
        made.append(world.new_subject())
        world.clock.advance(seconds=1)
    first = world.client.get("/subjects", query={"limit": "2"}).body
    assert [s["id"] for s in first["items"]] == made[:0:-1]
    rest = world.client.get("/subjects", query={"cursor": first["next_cursor"]}).body
    assert [s["id"] for s in rest["items"]] == made[:1]
    assert rest["next_cursor"] is None
    assert world.client.as_someone_else().get("/subjects").body["items"] == []


def test_a_subject_can_be_renamed(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    reply = world.client.patch(f"/subjects/{subject}", {"name": " Grace "})
    assert (reply.status, reply.body["name"]) == (200, "Grace")
    assert world.client.get(f"/subjects/{subject}").body["name"] == "Grace"
    assert world.client.patch(f"/subjects/{subject}", {"kind": "pet"}).status == 422


def test_someone_else_s_subject_is_not_there(world: SubjectsWorld) -> None:
    subject, other = world.new_subject(), world.client.as_someone_else()
    path = f"/subjects/{subject}"
    replies = [
        other.get(path),
        other.patch(path, {"name": "mine"}),
        other.delete(path),
        other.get(f"{path}/photos"),
        world.ask(subject, client=other),
        other.get(f"{path}/photos/{new_id(Prefix.PHOTO, START)}"),
        other.delete(f"{path}/photos/{new_id(Prefix.PHOTO, START)}"),
    ]
    assert {reply.status for reply in replies} == {404}
    assert world.client.get(path).status == 200


def test_a_deleted_subject_is_gone_at_once_and_erased_soon(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    path = f"/subjects/{subject}"
    assert world.client.delete(path).status == 202
    for reply in (
        world.client.get(path),
        world.client.delete(path),
        world.client.patch(path, {"name": "x"}),
        world.client.get(f"{path}/photos"),
        world.ask(subject),
    ):
        assert reply.status == 404
    assert world.client.get("/subjects").body["items"] == []
    assert world.erasures.messages == [{"kind": "subject", "owner": OWNER, "id": subject}]


def test_a_lost_message_only_makes_the_erasure_later(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    world.erasures.available = False
    assert world.client.delete(f"/subjects/{subject}").status == 202
    assert due_erasures(world.table, world.clock.now()) == []
    world.clock.advance(hours=1)
    (due,) = due_erasures(world.table, world.clock.now())
    assert due.message() == {"kind": "subject", "owner": OWNER, "id": subject}


def test_a_repeated_creation_makes_one_subject(world: SubjectsWorld) -> None:
    headers = {"Idempotency-Key": "k"}
    replies = [world.client.post("/subjects", ADA, headers=headers) for _ in range(2)]
    assert replies[0].body == replies[1].body
    assert world.client.get("/me").body["usage"]["subjects"] == 1


def test_a_server_has_subjects_of_its_own(world: SubjectsWorld) -> None:
    reply = world.client.post("/subjects", ADA, claims=server_claims("7server"))
    assert reply.status == 201
    assert world.table.get(keys.subject_key("7server", reply.body["id"]))


def test_without_records_a_caller_is_told_to_come_back(world: SubjectsWorld) -> None:
    world.table.available = False
    reply = world.client.get("/subjects")
    assert reply.status == 503
    assert reply.headers["Retry-After"]


class TestMe:
    def test_shows_usage_and_limits(self, world: SubjectsWorld) -> None:
        world.new_subject()
        body = world.client.get("/me").body
        assert body["id"] == OWNER
        assert body["usage"] == {"subjects": 1, "active_trainings": 0, "active_generations": 0}
        assert body["limits"]["subjects"] == 3
        assert body["erasing"] is False

    def test_erasing_begins_at_once_and_nothing_new_starts_meanwhile(
        self, world: SubjectsWorld
    ) -> None:
        subject = world.new_subject()
        reply = world.client.delete("/me")
        assert (reply.status, reply.body["kind"]) == (202, "account")
        assert world.client.get("/me").body["erasing"] is True
        assert world.client.post("/subjects", ADA).code == "account_erasing"
        assert world.ask(subject).code == "account_erasing"
        assert world.erasures.messages == [{"kind": "account", "owner": OWNER, "id": OWNER}]

    def test_may_be_asked_for_by_someone_who_has_nothing(self, world: SubjectsWorld) -> None:
        assert world.client.delete("/me").status == 202
        assert world.client.delete("/me").status == 202
