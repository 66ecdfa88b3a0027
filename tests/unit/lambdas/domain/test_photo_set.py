"""The score of a set, and the advice that raises it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.errors import Conflict
from lambdas.domain.look import HASH_BITS, Look, Pose, distance
from lambdas.domain.photo_set import (
    AdviceCode,
    SetReport,
    is_duplicate,
    most_typical,
    report_on,
)
from lambdas.domain.readiness import demand_good_set
from lambdas.domain.subject import SubjectKind
from tests.unit.lambdas.given import World, a_look, settings

RULES = settings().photos.set
PERSON, PET = SubjectKind.PERSON, SubjectKind.PET


def turned(yaw: float) -> Pose:
    return Pose(yaw, 0.0, 0.0)


def alike(count: int) -> list[Look]:
    """Photos from the front, in one light, in one place."""
    first = a_look(1, pose=turned(0.0))
    return [
        replace(first, ordinal=n, hash=first.hash ^ n, likeness=a_look(n).likeness)
        for n in range(1, count + 1)
    ]


def codes(report: SetReport) -> list[AdviceCode]:
    return [each.code for each in report.advice]


def varied(count: int = 10) -> list[Look]:
    return [replace(a_look(n), pose=turned(20.0 * (n % 3 - 1))) for n in range(1, count + 1)]


def test_a_varied_set_has_the_best_score_and_needs_no_advice() -> None:
    for kind in SubjectKind:
        assert report_on(kind, varied(), RULES) == SetReport(100, (), True)


def test_photos_that_are_all_alike_score_nothing_and_are_told_all_that_would_help() -> None:
    person = report_on(PERSON, alike(10), RULES)
    assert person.score == 0
    assert codes(person) == [
        AdviceCode.MORE_SIDES,
        AdviceCode.MORE_LIGHT,
        AdviceCode.MORE_BACKGROUNDS,
    ]
    sentences = " ".join(each.detail for each in person.advice)
    assert "Add two photos from the side" in sentences
    assert "All photos have the same background" in sentences
    assert codes(report_on(PET, alike(4), RULES))[0] is AdviceCode.MORE_VIEWS


def test_the_advice_counts_down() -> None:
    looks = alike(9)
    one_side = [replace(looks[0], pose=turned(-30.0)), *looks[1:]]
    advice = report_on(PERSON, one_side, RULES).advice
    assert advice[0].detail.startswith("Add one photo from the side")
    both = [replace(looks[1], pose=turned(18.0)), *one_side[:1], *looks[2:]]
    assert AdviceCode.MORE_SIDES not in codes(report_on(PERSON, both, RULES))
    elsewhere = replace(looks[8], background=a_look(5).background)
    backgrounds = report_on(PERSON, [*looks[:8], elsewhere], RULES).advice[-1]
    assert backgrounds.detail == (
        "The backgrounds repeat. Add photos that were taken in one other place."
    )


def test_photos_of_different_people_are_told_first() -> None:
    stranger = a_look(4, likeness={1: 3.0, 2: 2.0, 3: 4.0})
    report = report_on(PERSON, [*varied(3), stranger], RULES)
    assert not report.agrees
    assert codes(report)[0] is AdviceCode.DIFFERENT_PEOPLE
    assert report_on(PET, [*varied(3), stranger], RULES).agrees


def test_nothing_scores_nothing() -> None:
    assert report_on(PERSON, [], RULES) == SetReport(0, (), True)


looks = st.builds(
    Look,
    hash=st.integers(0, 2**HASH_BITS - 1),
    brightness=st.floats(0, 100),
    sharpness=st.floats(0, 100),
    background=st.tuples(*[st.integers(0, 10)] * 10),
    pose=st.one_of(st.none(), st.builds(turned, st.floats(-180, 180))),
    ordinal=st.integers(1, 15),
)


@given(st.sampled_from(SubjectKind), st.lists(looks, max_size=15))
def test_every_set_has_a_score_and_full_marks_mean_no_advice(
    kind: SubjectKind, found: list[Look]
) -> None:
    report = report_on(kind, found, RULES)
    assert 0 <= report.score <= 100
    if report.score == 100 and report.agrees:
        assert not set(codes(report)) & {AdviceCode.MORE_BACKGROUNDS, AdviceCode.MORE_SIDES}
    assert all(each.detail.endswith(".") for each in report.advice)


@given(st.integers(0, 2**HASH_BITS - 1), st.sets(st.integers(0, HASH_BITS - 1)))
def test_a_duplicate_differs_in_few_bits(picture: int, flipped: set[int]) -> None:
    other = picture
    for bit in flipped:
        other ^= 1 << bit
    assert distance(picture, other) == len(flipped)
    duplicate = is_duplicate(other, [a_look(1, hash=picture)], RULES)
    assert duplicate == (len(flipped) <= RULES.duplicate_distance)
    assert not is_duplicate(other, [], RULES)


def test_a_training_is_refused_with_what_would_help() -> None:
    subject, rules = World().subject(), settings().photos
    demand_good_set(subject, varied(), rules)
    with pytest.raises(Conflict) as refusal:
        demand_good_set(subject, alike(10), rules)
    assert refusal.value.code == "photos_too_alike"
    assert "score 0 of 100, and 30 are needed" in refusal.value.detail
    assert "Add two photos from the side" in refusal.value.detail
    stranger = a_look(11, likeness={1: 3.0})
    with pytest.raises(Conflict) as refusal:
        demand_good_set(subject, [*varied(), stranger], rules)
    assert refusal.value.code == "different_people"
    lenient = settings(photos={"set": {**rules.set.model_dump(), "min_score": 0}}).photos
    demand_good_set(subject, alike(10), lenient)


def test_the_photo_that_speaks_for_a_person_is_the_one_most_like_the_others() -> None:
    likeness = {1: {}, 2: {1: 85.0}, 3: {1: 95.0, 2: 97.0}, 4: {3: 90.0}}
    looks = [a_look(n, likeness=row) for n, row in likeness.items()]
    assert most_typical(looks, RULES) == 3
    assert most_typical(looks[:1], RULES) == 1
    assert most_typical([], RULES) is None


def test_a_stranger_among_the_photos_does_not_speak_for_the_person() -> None:
    strangers = [a_look(1, likeness={}), a_look(2, likeness={1: 99.0})]
    person = [a_look(n, likeness=dict.fromkeys(range(3, n), 90.0)) for n in (3, 4, 5)]
    assert most_typical([*strangers, *person], RULES) in {3, 4, 5}
