"""Each rule on one photo, on both sides of its threshold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as with_any
from hypothesis import strategies as st

from lambdas.domain.look import Pose
from lambdas.domain.photo import RejectionCode
from lambdas.domain.photo_rules import (
    asks_for_celebrities,
    celebrity_in,
    certain_faces,
    verdict_on_age,
    verdict_on_celebrities,
    verdict_on_content,
    verdict_on_face,
    verdict_on_number,
    verdict_on_picture,
)
from lambdas.domain.settings import CelebrityPolicy
from lambdas.domain.subject import SubjectKind
from lambdas.ports import Face, ModerationLabel
from tests.unit.lambdas.given import settings

RULES = settings()
FACE = RULES.photos.face
# In the middle of everything that is allowed.
GOOD = Face(99.0, width=0.3, height=0.4, left=0.3, top=0.2, brightness=55, sharpness=80, age_low=25)
SIZE = (640, 480)


@pytest.mark.parametrize(
    ("name", "parent", "unsafe"),
    [
        ("Explicit", "", True),
        ("Exposed Male Genitalia", "Explicit Nudity", True),
        ("A Label That Does Not Exist Yet", "", True),
        ("Wine That Nobody Knows Yet", "Alcoholic Beverages", True),
        ("Alcohol", "", False),
        ("Drinking", "Alcohol Use", False),
        ("Gambling", "", False),
    ],
)
def test_a_label_blocks_unless_it_is_known_to_be_harmless(
    name: str, parent: str, unsafe: bool
) -> None:
    labels = [ModerationLabel(name, parent, 99.0)]
    expected = RejectionCode.UNSAFE if unsafe else None
    assert verdict_on_content(labels, RULES.moderation) is expected


def test_one_bad_label_among_harmless_ones_blocks() -> None:
    labels = [ModerationLabel("Alcohol", "", 90), ModerationLabel("Violence", "", 51)]
    assert verdict_on_content(labels, RULES.moderation) is RejectionCode.UNSAFE
    assert verdict_on_content([], RULES.moderation) is None


def test_a_person_is_learned_from_exactly_one_certain_face() -> None:
    shadow = replace(GOOD, confidence=FACE.min_confidence - 0.1)
    assert certain_faces([GOOD, shadow], FACE) == [GOOD]
    assert verdict_on_number([GOOD]) is None
    assert verdict_on_number([]) is RejectionCode.NO_FACE
    assert verdict_on_number([GOOD, GOOD]) is RejectionCode.SEVERAL_FACES


def turned(**degrees: float) -> Pose:
    return Pose(**{"yaw": 0.0, "pitch": 0.0, "roll": 0.0, **degrees})


# What changes, to what it may just be, to what it may not be any more, and why.
BORDERS: list[tuple[dict[str, Any], dict[str, Any], RejectionCode]] = [
    (
        {"width": 64 / 640, "height": 0.05},
        {"width": 63 / 640, "height": 0.05},
        RejectionCode.FACE_TOO_SMALL,
    ),
    ({"sharpness": 35}, {"sharpness": 34.9}, RejectionCode.BLURRY),
    ({"brightness": 20}, {"brightness": 19.9}, RejectionCode.TOO_DARK),
    ({"brightness": 92}, {"brightness": 92.1}, RejectionCode.TOO_BRIGHT),
    ({"occluded": 79.9}, {"occluded": 80}, RejectionCode.OCCLUDED),
    ({"sunglasses": 79.9}, {"sunglasses": 80}, RejectionCode.SUNGLASSES),
    ({"pose": turned(yaw=-65)}, {"pose": turned(yaw=-65.1)}, RejectionCode.EXTREME_POSE),
    ({"pose": turned(pitch=45)}, {"pose": turned(pitch=45.1)}, RejectionCode.EXTREME_POSE),
    ({"pose": turned(roll=60)}, {"pose": turned(roll=-60.1)}, RejectionCode.EXTREME_POSE),
]


@pytest.mark.parametrize(("allowed", "refused", "code"), BORDERS)
def test_a_face_is_refused_beyond_each_threshold_and_not_before(
    allowed: dict[str, Any], refused: dict[str, Any], code: RejectionCode
) -> None:
    assert verdict_on_face(replace(GOOD, **allowed), SIZE, FACE) is None
    assert verdict_on_face(replace(GOOD, **refused), SIZE, FACE) is code


def test_sunglasses_are_told_before_what_they_cause() -> None:
    behind = replace(GOOD, sunglasses=95, occluded=95, brightness=5)
    assert verdict_on_face(behind, SIZE, FACE) is RejectionCode.SUNGLASSES


@with_any(
    st.builds(
        Face,
        *[st.floats(0, 1) for _ in range(5)],
        brightness=st.floats(0, 100),
        sharpness=st.floats(0, 100),
        pose=st.builds(Pose, *[st.floats(-180, 180) for _ in range(3)]),
    )
)
def test_every_face_gets_a_verdict_and_a_better_one_no_worse(face: Face) -> None:
    verdict = verdict_on_face(face, SIZE, FACE)
    if verdict is None:
        facing = replace(face, pose=turned(), sharpness=100, width=1)
        assert verdict_on_face(facing, SIZE, FACE) is None


@pytest.mark.parametrize(("low", "minor"), [(17, True), (18, False), (0, True), (60, False)])
def test_whoever_may_be_under_age_is_treated_as_if(low: int, minor: bool) -> None:
    child = replace(GOOD, age_low=low)
    expected = RejectionCode.MINOR if minor else None
    assert verdict_on_age([GOOD, child], RULES.moderation) is expected


def test_the_age_is_the_environment_s_to_say() -> None:
    strict = settings(moderation={"minimum_age": 26}).moderation
    assert verdict_on_age([GOOD], strict) is RejectionCode.MINOR
    assert verdict_on_age([], strict) is None


def test_who_is_famous_is_blocked_from_some_certainty_on() -> None:
    rules = RULES.moderation
    assert celebrity_in([12.0, 90.0, 91.0], rules) == 91.0
    assert celebrity_in([89.9], rules) is None
    assert verdict_on_celebrities(90.0, rules) is RejectionCode.CELEBRITY
    assert verdict_on_celebrities(None, rules) is None


def test_nobody_is_asked_about_celebrities_where_it_does_not_matter() -> None:
    allowing = settings(moderation={"celebrities": "allow"}).moderation
    assert allowing.celebrities is CelebrityPolicy.ALLOW
    assert not asks_for_celebrities([GOOD], allowing)
    assert not asks_for_celebrities([], RULES.moderation)
    assert asks_for_celebrities([GOOD], RULES.moderation)


@pytest.mark.parametrize(
    ("brightness", "sharpness", "code"),
    [
        (8, 15, None),
        (97, 15, None),
        (7.9, 15, RejectionCode.TOO_DARK),
        (97.1, 15, RejectionCode.TOO_BRIGHT),
        (50, 14.9, RejectionCode.BLURRY),
    ],
)
def test_a_pet_or_a_thing_must_be_seen_a_style_may_look_as_it_likes(
    brightness: float, sharpness: float, code: RejectionCode | None
) -> None:
    def verdict(kind: SubjectKind) -> RejectionCode | None:
        return verdict_on_picture(kind, brightness, sharpness, RULES.photos.picture)

    assert verdict(SubjectKind.PET) is code
    assert verdict(SubjectKind.OBJECT) is code
    assert verdict(SubjectKind.STYLE) is None
    assert verdict(SubjectKind.PERSON) is None
