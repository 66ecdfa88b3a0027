"""Photos beside each other: in any order, twice, many at a time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.locations import UploadKey
from lambdas.domain.look import Pose
from lambdas.domain.photo import Photo, PhotoState, RejectionCode
from lambdas.domain.subject import SubjectKind
from lambdas.records.erasures import due_erasures
from lambdas.records.photo_sets import read_set
from lambdas.records.photos import all_photos, begin_photo_erasure, read_photo
from tests.unit.lambdas.events.test_intake import ADULT, UNSAFE, IntakeWorld, small_photos
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.given import SETTINGS
from tests.unit.lambdas.pictures import encoded, portrait, who

ACCEPTED, REJECTED = PhotoState.ACCEPTED, PhotoState.REJECTED


@pytest.fixture
def world() -> IntakeWorld:
    return a_world()


def a_world(**more: Any) -> IntakeWorld:
    world = IntakeWorld(**more)
    world.moderation.who = who
    return world


def come(world: IntakeWorld, *people: str, start: int = 1) -> list[UploadKey]:
    """Photos of these people, all different, uploaded and taken in one after the other."""
    keys = [
        world.uploaded(encoded(portrait(person, number)))
        for number, person in enumerate(people, start=start)
    ]
    for key in keys:
        assert world.deliver(key) == []
    return keys


def verdicts(world: IntakeWorld, keys: Sequence[UploadKey]) -> list[str]:
    photos = [world.photo(key) for key in keys]
    return [photo.rejection or photo.state.value for photo in photos]


@pytest.fixture
def calls(world: IntakeWorld) -> list[str]:
    return world.moderation.calls


def test_a_photo_of_a_person_costs_three_calls_and_one_for_each_earlier_face(
    world: IntakeWorld, calls: list[str]
) -> None:
    come(world, "ada")
    assert calls == ["labels", "faces", "celebrities"]
    come(world, "ada", start=2)
    assert calls[3:] == ["labels", "faces", "celebrities", "likeness"]


def test_no_call_is_made_after_the_verdict(world: IntakeWorld, calls: list[str]) -> None:
    (first,) = come(world, "ada")
    calls.clear()
    world.moderation.face_list = ()
    come(world, "ada", start=50)
    assert calls == ["labels", "faces"]
    calls.clear()
    world.moderation.label_list = [UNSAFE]
    come(world, "ada", start=51)
    assert calls == ["labels"]
    calls.clear()
    world.deliver(world.uploaded(encoded(portrait("ada", 1))))
    assert calls == []
    assert world.photo(first).state is ACCEPTED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"age_low": 17}, RejectionCode.MINOR),
        ({"width": 0.01, "height": 0.01}, RejectionCode.FACE_TOO_SMALL),
        ({"sunglasses": 99.0}, RejectionCode.SUNGLASSES),
        ({"occluded": 99.0}, RejectionCode.OCCLUDED),
        ({"pose": Pose(80.0, 0.0, 0.0)}, RejectionCode.EXTREME_POSE),
        ({"brightness": 3.0}, RejectionCode.TOO_DARK),
        ({"brightness": 99.0}, RejectionCode.TOO_BRIGHT),
        ({"sharpness": 3.0}, RejectionCode.BLURRY),
    ],
)
def test_a_face_that_cannot_be_learned_from_is_rejected_and_kept_nowhere(
    world: IntakeWorld, change: dict[str, Any], code: RejectionCode
) -> None:
    world.moderation.face_list = (replace(ADULT, **change),)
    (key,) = come(world, "ada")
    assert world.photo(key).rejection is code
    assert not world.photos.objects_by_key
    assert not world.uploads.objects_by_key


@pytest.mark.parametrize("kind", SubjectKind)
def test_children_and_celebrities_are_no_subject_of_any_kind(kind: SubjectKind) -> None:
    world = a_world(kind=kind)
    world.moderation.face_list = (replace(ADULT, age_low=12),)
    (child,) = come(world, "ada")
    world.moderation.face_list = (ADULT,)
    world.moderation.celebrity_list = [98.0]
    (star,) = come(world, "ada", start=2)
    assert verdicts(world, [child, star]) == ["minor", "celebrity"]
    world.moderation.celebrity_list = [20.0]
    assert verdicts(world, come(world, "ada", start=3)) == ["accepted"]


def test_where_celebrities_are_allowed_nobody_asks_for_them() -> None:
    world = a_world(settings=small_photos(moderation={"celebrities": "allow"}))
    world.moderation.celebrity_list = [98.0]
    assert verdicts(world, come(world, "ada")) == ["accepted"]
    assert "celebrities" not in world.moderation.calls


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ({"min_brightness": 90}, "too_dark"),
        ({"max_brightness": 20}, "too_bright"),
        ({"min_sharpness": 100}, "blurry"),
    ],
)
def test_pets_and_things_are_judged_by_the_whole_picture(block: dict[str, Any], code: str) -> None:
    rules = {**SETTINGS["photos"]["picture"], **block}
    for kind in SubjectKind:
        world = a_world(kind=kind, settings=small_photos(photos={"picture": rules}))
        judged = kind in {SubjectKind.PET, SubjectKind.OBJECT}
        assert verdicts(world, come(world, "ada")) == [code if judged else "accepted"]
        assert world.moderation.calls == [] if judged else world.moderation.calls


def test_a_thing_is_compared_with_nobody() -> None:
    world = a_world(kind=SubjectKind.OBJECT)
    assert verdicts(world, come(world, "ada", "bob", "eve")) == ["accepted"] * 3
    assert "likeness" not in world.moderation.calls


def test_the_same_picture_again_is_a_duplicate_even_if_saved_anew(world: IntakeWorld) -> None:
    first = world.uploaded(encoded(portrait(), quality=95))
    again = world.uploaded(encoded(portrait(), quality=60))
    png = world.uploaded(encoded(portrait().resize((200, 200)), "PNG"))
    world.deliver(first, again, png)
    assert verdicts(world, [first, again, png]) == ["accepted", "near_duplicate", "near_duplicate"]
    assert list(world.photos.objects_by_key) == [f"{OWNER}/{world.subject}/{first.photo_id}.jpg"]


def test_a_duplicate_of_a_photo_that_was_deleted_is_welcome(world: IntakeWorld) -> None:
    (first,) = come(world, "ada")
    begin_photo_erasure(world.table, OWNER, world.subject, first.photo_id, world.clock.now())
    assert verdicts(world, come(world, "ada")) == ["accepted"]


def test_somebody_else_is_rejected_once_it_is_clear_who_is_meant(world: IntakeWorld) -> None:
    come(world, "ada", "ada", "ada")
    (stranger,) = come(world, "bob", start=4)
    assert verdicts(world, [stranger]) == ["different_person"]
    assert world.counts == (3, 0, 3, 1)


def test_a_stranger_who_came_first_is_unmasked_by_the_third_photo_of_the_person(
    world: IntakeWorld,
) -> None:
    stranger, *rest = come(world, "bob", "ada", "ada", "ada")
    assert verdicts(world, [stranger, *rest]) == ["different_person", *["accepted"] * 3]
    assert world.counts == (3, 0, 3, 1)
    erased = due_erasures(world.table, world.clock.now())
    assert [(each.kind, each.id) for each in erased] == [("photo", stranger.photo_id)]
    assert world.photo(stranger).look is None


def test_a_face_that_cannot_be_compared_with_a_settled_person_is_none(world: IntakeWorld) -> None:
    come(world, "ada", "ada", "ada")
    assert verdicts(world, come(world, "nobody")) == ["no_face"]


def test_two_that_cannot_be_compared_wait_for_a_third(world: IntakeWorld) -> None:
    assert verdicts(world, come(world, "ada", "nobody")) == ["accepted", "accepted"]


def test_the_record_remembers_what_was_seen_and_names_no_other_photo(world: IntakeWorld) -> None:
    keys = come(world, "ada", "ada")
    looks = [world.photo(key).look for key in keys]
    assert [look.ordinal for look in looks if look] == [1, 2]
    assert looks[1] is not None
    assert looks[1].likeness == {1: 99.0}
    for key in keys:
        others = [str(item) for item in world.table.partition(f"OWNER#{OWNER}")]
        assert sum(key.photo_id in text for text in others) == 1


def test_a_photo_that_was_accepted_meanwhile_is_judged_with(world: IntakeWorld) -> None:
    first, second = (world.uploaded(encoded(portrait())) for _ in range(2))
    ask = world.moderation.labels

    def slowly(image: bytes, **more: Any) -> Any:
        world.moderation.labels = ask  # type: ignore[method-assign]
        world.deliver(first)
        return ask(image, **more)

    world.moderation.labels = slowly  # type: ignore[method-assign]
    world.deliver(second)
    assert verdicts(world, [first, second]) == ["accepted", "near_duplicate"]
    (stray,) = due_erasures(world.table, world.clock.now())
    assert stray.id == second.photo_id


def test_losing_the_race_costs_no_call_twice(world: IntakeWorld) -> None:
    come(world, "ada")
    late, quick = (world.uploaded(encoded(portrait("ada", n))) for n in (2, 3))
    write = world.photos.write

    def overtaken(key: str, body: bytes, **more: Any) -> None:
        world.photos.write = write  # type: ignore[method-assign]
        world.deliver(quick)
        write(key, body, **more)

    world.photos.write = overtaken  # type: ignore[method-assign]
    world.moderation.calls.clear()
    world.deliver(late)
    assert verdicts(world, [late, quick]) == ["accepted", "accepted"]
    # Each with the first photo; the one that was late also with the other.
    assert world.moderation.calls.count("likeness") == 3
    assert world.moderation.calls.count("labels") == 2


def test_a_picture_that_rekognition_will_never_take_is_not_asked_about_for_ever(
    world: IntakeWorld,
) -> None:
    world.moderation.screens = False
    assert verdicts(world, come(world, "ada")) == ["unreadable"]


@pytest.mark.parametrize("call", ["labels", "faces", "celebrities", "likeness"])
def test_whichever_call_throttles_the_photo_waits(world: IntakeWorld, call: str) -> None:
    come(world, "ada")
    world.moderation.throttled = {call}
    key = world.uploaded(encoded(portrait("ada", 2)))
    assert world.deliver(key) == [0]
    assert world.photo(key).state is PhotoState.CHECKING
    assert world.kept(key) is None
    world.moderation.throttled = set()
    assert world.deliver(key) == []
    assert world.photo(key).state is ACCEPTED


@settings(deadline=None, max_examples=12)
@given(st.randoms(use_true_random=False), st.permutations(["ada"] * 5 + ["bob", "eve"]))
def test_in_whatever_order_and_how_often_events_come_the_set_is_of_one_person(
    dice: random.Random, people: list[str]
) -> None:
    world = a_world()
    keys = [world.uploaded(encoded(portrait(p, n, side=80))) for n, p in enumerate(people)]
    deliveries = [key for key in keys for _ in range(dice.randint(1, 3))]
    dice.shuffle(deliveries)
    for key in deliveries:
        if dice.random() < 0.2:
            world.table.fail_after = dice.randint(0, 2)
            world.deliver(key)
            world.table.fail_after = None
        assert world.deliver(key) == []
    for key, person in zip(keys, people, strict=True):
        assert world.photo(key).state is (ACCEPTED if person == "ada" else REJECTED)
    assert world.counts == (5, 0, 5, 2)
    assert _consistent(list(all_photos(world.table, OWNER, world.subject)), world)


def _consistent(photos: Sequence[Photo], world: IntakeWorld) -> bool:
    accepted, ever = read_set(world.table, OWNER, world.subject)
    ordinals = [photo.look.ordinal for photo in accepted if photo.look]
    kept = {key.rsplit("/", 1)[1] for key in world.photos.objects_by_key}
    strays = {f"{each.id}.jpg" for each in due_erasures(world.table, world.clock.now())}
    return (
        len(set(ordinals)) == len(accepted)
        and max(ordinals) <= ever
        and kept - strays == {f"{photo.id}.jpg" for photo in accepted}
        and all(photo.rejection for photo in photos if photo.state is REJECTED)
    )


def test_a_reference_that_is_just_being_erased_is_looked_at_anew(world: IntakeWorld) -> None:
    (first,) = come(world, "ada")
    key = world.uploaded(encoded(portrait("ada", 2)))
    world.photos.objects_by_key.clear()
    assert world.deliver(key) == [0]
    assert world.photo(key).state is PhotoState.CHECKING
    begin_photo_erasure(world.table, OWNER, world.subject, first.photo_id, world.clock.now())
    assert world.deliver(key) == []
    assert read_photo(world.table, OWNER, world.subject, key.photo_id).state is ACCEPTED
