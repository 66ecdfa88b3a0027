from __future__ import annotations

from typing import Any

import pytest

from lambdas.domain.look import Look, Pose
from lambdas.domain.photo import PhotoState, RejectionCode
from lambdas.records.photo_sets import accept
from lambdas.records.photos import read_photo, step
from lambdas.records.subjects import read_subject
from tests.unit.lambdas.api.subjects_world import SubjectsWorld
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.given import a_look


@pytest.fixture
def world() -> SubjectsWorld:
    return SubjectsWorld()


def _move(world: SubjectsWorld, subject: str, photo: str, *states: PhotoState, **more: Any) -> None:
    for state in states:
        current = read_photo(world.table, OWNER, subject, photo)
        assert step(world.table, current, state, world.clock.now(), **more)


def _accept(world: SubjectsWorld, subject: str, photo: str, look: Look) -> None:
    _move(world, subject, photo, PhotoState.CHECKING)
    current = read_photo(world.table, OWNER, subject, photo)
    assert accept(world.table, current, look, (640, 480), world.clock.now())


def _reject(world: SubjectsWorld, subject: str, photo: str) -> None:
    _move(world, subject, photo, PhotoState.CHECKING)
    _move(world, subject, photo, PhotoState.REJECTED, rejection=RejectionCode.NO_FACE)


def test_a_slot_is_a_form_for_exactly_that_file(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    reply = world.client.post(
        f"/subjects/{subject}/photos",
        {"photos": [{"content_type": "image/png", "size_bytes": 1234}]},
    )
    assert reply.status == 201
    assert reply.headers["Location"] == f"/v1/subjects/{subject}/photos"
    (photo,) = reply.body["photos"]
    assert photo["state"] == "awaiting_upload"
    assert photo["upload"] == {
        "url": "https://uploads.example",
        "fields": {
            "key": f"photos/{OWNER}/{subject}/{photo['id']}",
            "Content-Type": "image/png",
            "policy": "1234 bytes for 900 s",
        },
        "expires_at": "2026-11-21T12:15:00.000Z",
    }


@pytest.mark.parametrize(
    ("photos", "pointer", "code"),
    [
        ([], "/photos", "too_short"),
        ([{"content_type": "image/jpeg", "size_bytes": 1}] * 16, "/photos", "too_long"),
        ([{"content_type": "image/gif", "size_bytes": 1}], "/photos/0/content_type", "not_allowed"),
        (
            [{"content_type": "image/heic", "size_bytes": 1}],
            "/photos/0/content_type",
            "not_allowed",
        ),
        ([{"content_type": "image/jpeg", "size_bytes": 0}], "/photos/0/size_bytes", "too_small"),
        (
            [{"content_type": "image/jpeg", "size_bytes": 2**30}],
            "/photos/0/size_bytes",
            "too_large",
        ),
        ([{"content_type": "image/jpeg", "size_bytes": "1"}], "/photos/0/size_bytes", "wrong_type"),
        ([{"content_type": "image/jpeg"}], "/photos/0/size_bytes", "required"),
    ],
)
def test_a_wrong_wish_is_refused(
    world: SubjectsWorld, photos: list[Any], pointer: str, code: str
) -> None:
    reply = world.client.post(f"/subjects/{world.new_subject()}/photos", {"photos": photos})
    assert reply.status == 422
    assert (pointer, code) in {(e["pointer"], e["code"]) for e in reply.body["errors"]}


def test_places_are_limited_and_the_answer_says_how_many_are_free(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    assert world.ask(subject, 12).status == 201
    reply = world.ask(subject, 4)
    assert (reply.status, reply.code) == (409, "too_many_photos")
    assert "3 of 15" in reply.body["detail"]
    assert world.ask(subject, 3).status == 201


def test_rejected_photos_give_their_places_back(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    photos = world.photo_ids(subject, 15)
    _reject(world, subject, photos[0])
    assert world.ask(subject, 2).code == "too_many_photos"
    assert world.ask(subject, 1).status == 201


def test_uploads_that_never_came_give_their_places_back(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    lapsed = world.photo_ids(subject, 14)
    _move(world, subject, world.photo_ids(subject)[0], PhotoState.CHECKING, PhotoState.ACCEPTED)
    world.clock.advance(seconds=899)
    assert world.ask(subject).code == "too_many_photos"
    world.clock.advance(seconds=1)
    assert world.ask(subject, 15).code == "too_many_photos"
    assert world.ask(subject, 14).status == 201
    states = {read_photo(world.table, OWNER, subject, photo).state for photo in lapsed}
    assert states == {PhotoState.EXPIRED}


def test_two_requests_at_once_cannot_exceed_the_places(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    world.photo_ids(subject, 10)
    world.table.before_write = lambda: world.ask(subject, 3)
    assert world.ask(subject, 3).code == "too_many_photos"
    assert read_subject(world.table, OWNER, subject).photos.places == 13


def test_a_place_that_came_free_in_between_is_taken(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    photos = world.photo_ids(subject, 15)
    written: list[int] = []

    def free_one_after_the_first_try() -> None:
        original = world.table.get

        def get(key: Any) -> Any:
            world.table.get = original  # type: ignore[method-assign]
            _reject(world, subject, photos[0])
            written.append(1)
            return original(key)

        world.table.get = get  # type: ignore[method-assign]

    world.table.before_write = free_one_after_the_first_try
    assert world.ask(subject).status == 201
    assert written


def test_verdicts_are_listed_with_reasons(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    waiting, checking, good, bad, late = world.photo_ids(subject, 5)
    _move(world, subject, checking, PhotoState.CHECKING)
    _accept(world, subject, good, a_look(1))
    _reject(world, subject, bad)
    _move(world, subject, late, PhotoState.EXPIRED)
    found = {p["id"]: p for p in world.client.get(f"/subjects/{subject}/photos").body["items"]}
    assert [found[photo]["state"] for photo in (waiting, checking, good, bad, late)] == [
        "awaiting_upload",
        "checking",
        "accepted",
        "rejected",
        "expired",
    ]
    assert found[bad]["code"] == "no_face"
    assert found[bad]["reason"].endswith(".")
    assert found[good]["url"] == (
        f"https://photos.example/{OWNER}/{subject}/{good}.jpg?expires=900"
    )
    assert (found[good]["width"], found[good]["height"]) == (640, 480)
    assert [photo for photo in found.values() if "url" in photo] == [found[good]]
    summary = world.client.get(f"/subjects/{subject}").body["photos"]
    assert (summary["accepted"], summary["checking"], summary["rejected"]) == (1, 1, 1)
    one = world.client.get(f"/subjects/{subject}/photos/{good}")
    assert one.body == found[good]


def test_the_set_is_judged_with_every_page_of_the_list(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    path = f"/subjects/{subject}/photos"
    assert world.client.get(path).body["set"] == {
        "score": 0,
        "minimum_score": 30,
        "same_person": True,
        "advice": [],
    }
    for number, photo in enumerate(world.photo_ids(subject, 4), start=1):
        _accept(world, subject, photo, a_look(number, pose=Pose(0.0, 0.0, 0.0)))
    whole = world.client.get(path).body["set"]
    assert whole["score"] == 52
    assert whole["advice"] == [
        {
            "code": "more_sides",
            "detail": "Add two photos from the side, with the head turned a little.",
        },
        {
            "code": "more_light",
            "detail": "All photos have much the same light. Add some from another room or from "
            "outdoors.",
        },
    ]
    assert world.client.get(path, query={"limit": "1"}).body["set"] == whole


def test_photos_of_two_people_are_told_with_the_list(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    one, other = world.photo_ids(subject, 2)
    _accept(world, subject, one, a_look(1))
    _accept(world, subject, other, a_look(2, likeness={1: 2.0}))
    found = world.client.get(f"/subjects/{subject}/photos").body["set"]
    assert not found["same_person"]
    assert found["advice"][0]["code"] == "different_people"


def test_a_lapsed_slot_reads_as_expired_before_anyone_wrote_it_down(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    (photo,) = world.photo_ids(subject)
    world.clock.advance(hours=1)
    assert world.client.get(f"/subjects/{subject}/photos/{photo}").body["state"] == "expired"


def test_a_list_is_paged_in_the_order_of_asking(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    made = []
    for _ in range(5):
        made += world.photo_ids(subject)
        world.clock.advance(seconds=1)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = world.client.get(f"/subjects/{subject}/photos", query={"limit": "2", **cursor}).body
        seen += [photo["id"] for photo in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == made


def test_a_cursor_of_another_subject_is_refused(world: SubjectsWorld) -> None:
    one, other = world.new_subject(), world.new_subject()
    world.photo_ids(one, 3)
    cursor = world.client.get(f"/subjects/{one}/photos", query={"limit": "1"}).body["next_cursor"]
    reply = world.client.get(f"/subjects/{other}/photos", query={"cursor": cursor})
    assert reply.code == "invalid_cursor"


@pytest.mark.parametrize(
    "steps", [(), (PhotoState.CHECKING,), (PhotoState.CHECKING, PhotoState.ACCEPTED)]
)
def test_a_deleted_photo_is_gone_and_its_place_is_free(
    world: SubjectsWorld, steps: tuple[PhotoState, ...]
) -> None:
    subject = world.new_subject()
    photo, *_ = world.photo_ids(subject, 15)
    _move(world, subject, photo, *steps)
    path = f"/subjects/{subject}/photos/{photo}"
    assert world.client.delete(path).status == 202
    assert world.client.get(path).status == 404
    assert world.client.delete(path).status == 404
    assert world.ask(subject).status == 201
    assert world.erasures.messages == [
        {"kind": "photo", "owner": OWNER, "id": photo, "subject_id": subject}
    ]


def test_a_photo_that_is_judged_while_it_is_deleted_still_goes(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    (photo,) = world.photo_ids(subject)
    world.table.before_write = lambda: _reject(world, subject, photo)
    assert world.client.delete(f"/subjects/{subject}/photos/{photo}").status == 202
    counts = read_subject(world.table, OWNER, subject).photos
    assert (counts.places, counts.checking, counts.rejected) == (0, 0, 0)


def test_a_photo_of_a_subject_that_goes_meanwhile_is_not_found(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    (photo,) = world.photo_ids(subject)
    world.table.before_write = lambda: world.client.delete(f"/subjects/{subject}")
    assert world.client.delete(f"/subjects/{subject}/photos/{photo}").status == 404


def test_slots_for_a_subject_that_goes_meanwhile_are_not_given(world: SubjectsWorld) -> None:
    subject = world.new_subject()
    world.table.before_write = lambda: world.client.delete(f"/subjects/{subject}")
    assert world.ask(subject).status == 404


@pytest.mark.parametrize("content_type", [[], {}, 1, None, "text/html"])
def test_what_is_no_type_of_ours_is_refused(world: SubjectsWorld, content_type: object) -> None:
    wish = {"photos": [{"content_type": content_type, "size_bytes": 1}]}
    reply = world.client.post(f"/subjects/{world.new_subject()}/photos", wish)
    assert reply.status == 422, reply


def test_who_asks_for_a_heic_upload_reads_what_to_do(world: SubjectsWorld) -> None:
    wish = {"photos": [{"content_type": "image/heic", "size_bytes": 1}]}
    reply = world.client.post(f"/subjects/{world.new_subject()}/photos", wish)
    error = reply.body["errors"][0]
    assert "accepts image/jpeg only" in error["detail"]
