from __future__ import annotations

from typing import Any

import pytest

from lambdas.domain.upload import UploadRejection, UploadState
from lambdas.records.account import begin_account_erasure
from lambdas.records.uploads import begin_checking, end_upload, read_upload
from tests.unit.lambdas.api.subjects_world import SubjectsWorld
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.given import SETTINGS, settings

SLOT = {"purpose": "init_image", "content_type": "image/png", "size_bytes": 1234}
FACTS = {"width": 640, "height": 480, "has_alpha": False, "sha256": "a" * 64}


@pytest.fixture
def world() -> SubjectsWorld:
    return SubjectsWorld()


def asked(world: SubjectsWorld, **changes: Any) -> str:
    reply = world.client.post("/uploads", {**SLOT, **changes})
    assert reply.status == 201
    return str(reply.body["id"])


def end(world: SubjectsWorld, upload_id: str, state: UploadState, **facts: Any) -> None:
    now = world.clock.now()
    upload = read_upload(world.table, OWNER, upload_id)
    if state is not UploadState.EXPIRED:
        assert begin_checking(world.table, upload, now)
        upload = read_upload(world.table, OWNER, upload_id)
    over = now.replace(day=now.day + 1)
    assert end_upload(world.table, upload, state, now, over, **facts)


def test_a_slot_is_a_form_for_exactly_that_file(world: SubjectsWorld) -> None:
    reply = world.client.post("/uploads", SLOT)
    assert reply.status == 201
    upload = reply.body["id"]
    assert reply.headers["Location"] == f"/v1/uploads/{upload}"
    assert reply.body == {
        "id": upload,
        "purpose": "init_image",
        "state": "awaiting_upload",
        "content_type": "image/png",
        "size_bytes": 1234,
        "created_at": "2026-11-21T12:00:00.000Z",
        "expires_at": None,
        "upload": {
            "url": "https://uploads.example",
            "fields": {
                "key": f"sources/{OWNER}/{upload}",
                "Content-Type": "image/png",
                "policy": "1234 bytes for 900 s",
            },
            "expires_at": "2026-11-21T12:15:00.000Z",
        },
    }


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"purpose": "photo"}, "/purpose", "not_allowed"),
        ({"purpose": None}, "/purpose", "not_allowed"),
        ({"content_type": "image/gif"}, "/content_type", "not_allowed"),
        ({"size_bytes": 0}, "/size_bytes", "too_small"),
        ({"size_bytes": 2**30}, "/size_bytes", "too_large"),
        ({"name": "x"}, "/name", "unknown_field"),
    ],
)
def test_a_wrong_wish_is_refused(
    world: SubjectsWorld, change: dict[str, Any], pointer: str, code: str
) -> None:
    reply = world.client.post("/uploads", {**SLOT, **change})
    assert reply.status == 422
    assert (pointer, code) in {(e["pointer"], e["code"]) for e in reply.body["errors"]}
    assert world.client.get("/uploads").body["items"] == []


def test_verdicts_are_listed_the_newest_first_with_reasons_and_links(world: SubjectsWorld) -> None:
    made = []
    for _ in range(4):
        made.append(asked(world))
        world.clock.advance(seconds=1)
    waiting, good, bad, late = made
    end(world, good, UploadState.ACCEPTED, **FACTS)
    end(world, bad, UploadState.REJECTED, rejection=UploadRejection.MINOR.value)
    end(world, late, UploadState.EXPIRED)
    listed = world.client.get("/uploads").body["items"]
    assert [one["id"] for one in listed] == made[::-1]
    found = {one["id"]: one for one in listed}
    assert found[waiting]["state"] == "awaiting_upload"
    assert found[late]["state"] == "expired"
    assert found[bad]["code"] == "minor"
    assert "18" in found[bad]["reason"]
    assert (found[good]["width"], found[good]["height"]) == (640, 480)
    assert found[good]["url"] == f"https://work.example/sources/{OWNER}/{good}.png?expires=900"
    assert [one for one in listed if "url" in one] == [found[good]]
    assert found[good]["expires_at"] == "2026-11-22T12:00:04.000Z"
    assert world.client.get(f"/uploads/{good}").body == found[good]


@pytest.mark.parametrize("code", UploadRejection)
def test_every_refusal_has_a_sentence(world: SubjectsWorld, code: UploadRejection) -> None:
    upload = asked(world)
    end(world, upload, UploadState.REJECTED, rejection=code.value)
    reason = world.client.get(f"/uploads/{upload}").body["reason"]
    assert reason.endswith(".")
    assert "{" not in reason


def test_a_list_is_paged(world: SubjectsWorld) -> None:
    made = set()
    for _ in range(3):
        made.add(asked(world))
        world.clock.advance(seconds=1)
    first = world.client.get("/uploads", query={"limit": "2"}).body
    cursor = {"limit": "2", "cursor": first["next_cursor"]}
    second = world.client.get("/uploads", query=cursor).body
    assert {one["id"] for one in first["items"] + second["items"]} == made


def test_a_lapsed_slot_reads_as_expired_before_anyone_wrote_it_down(world: SubjectsWorld) -> None:
    upload = asked(world)
    world.clock.advance(hours=1)
    assert world.client.get(f"/uploads/{upload}").body["state"] == "expired"


def test_a_deleted_upload_is_gone_and_its_files_are_sent_to_be_erased(
    world: SubjectsWorld,
) -> None:
    upload = asked(world)
    assert world.client.as_someone_else().delete(f"/uploads/{upload}").status == 404
    assert world.client.delete(f"/uploads/{upload}").status == 202
    assert world.client.get(f"/uploads/{upload}").status == 404
    assert world.client.delete(f"/uploads/{upload}").status == 404
    assert world.erasures.messages == [{"kind": "upload", "owner": OWNER, "id": upload}]


def test_an_upload_that_is_judged_while_it_is_deleted_still_goes(world: SubjectsWorld) -> None:
    upload = asked(world)
    world.table.before_write = lambda: end(world, upload, UploadState.ACCEPTED, **FACTS)
    assert world.client.delete(f"/uploads/{upload}").status == 202
    assert world.client.get(f"/uploads/{upload}").status == 404


def test_uploads_count_as_photos_do(world: SubjectsWorld) -> None:
    per_day = {**SETTINGS["limits"]["per_day"], "uploads": 2}
    world = SubjectsWorld(settings=settings(limits={"per_day": per_day}))
    subject = world.new_subject()
    asked(world)
    assert world.ask(subject).status == 201
    reply = world.client.post("/uploads", SLOT)
    assert (reply.status, reply.code) == (429, "daily_quota_reached")
    assert len(world.client.get("/uploads").body["items"]) == 1


def test_nothing_is_uploaded_into_an_account_that_goes(world: SubjectsWorld) -> None:
    begin_account_erasure(world.table, OWNER, world.clock.now())
    reply = world.client.post("/uploads", SLOT)
    assert (reply.status, reply.code) == (409, "account_erasing")
