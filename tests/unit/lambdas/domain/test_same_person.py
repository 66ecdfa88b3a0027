"""Who is meant by a set of photos, whatever came first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.same_person import (
    CORE,
    QUORUM,
    People,
    comparisons,
    outsiders,
    people_of,
    undecided,
)


def similarity(one: str, other: str) -> float:
    return 97.0 if one == other else 4.0


def add(people: People, ordinal: int, faces: dict[int, str]) -> tuple[People, int]:
    """As intake does it; also how many comparisons that took."""
    plan = comparisons(people)
    asked = list(plan.first)
    if not any(faces[one] == faces[ordinal] for one in plan.first):
        asked += plan.then
    found = {one: similarity(faces[ordinal], faces[one]) for one in asked}
    return people.learning(ordinal, found), len(asked)


def collect(faces: Sequence[str]) -> tuple[list[str], int]:
    """The faces that are in the set when all have come, and how many calls it took."""
    people, calls = people_of({}, 80.0), 0
    known = dict(enumerate(faces, start=1))
    for ordinal in known:
        after, cost = add(people, ordinal, known)
        calls += cost
        if after.person() and ordinal not in after.person():
            continue  # rejected: it never becomes part of the set
        gone = outsiders(after)
        calls += sum(undecided(after, one) for one in gone)
        rows: dict[int, dict[int, float]] = {one: {} for one in after.ordinals if one not in gone}
        for pair, value in after.similarities.items():
            if pair <= rows.keys():
                rows[max(pair)][min(pair)] = value
        people = people_of(rows, 80.0)
    return [known[one] for one in people.ordinals], calls


@pytest.mark.parametrize(
    "faces",
    ["ab bbbb", "abb bb", "bab bb", "bbba", "aabbb", "abcbb b", "bbbbbbbbbba", "abbbbbbbbb"],
)
def test_one_stranger_or_two_are_found_wherever_they_come(faces: str) -> None:
    left, _ = collect(faces.replace(" ", ""))
    assert set(left) == {"b"}
    assert len(left) == faces.count("b")


@given(st.permutations("bbbbbbbbbbaac"))
def test_the_order_of_arrival_does_not_decide_who_is_meant(faces: list[str]) -> None:
    left, _ = collect(faces)
    people = set(left)
    assert len(people) == 1
    # Two photos of another person can never be three alike.
    assert people == {"b"}
    assert left.count("b") == 10


@given(st.lists(st.sampled_from("abcd"), max_size=15))
def test_whoever_comes_the_set_ends_with_one_person_or_nobody_can_tell(faces: list[str]) -> None:
    left, _ = collect(faces)
    if any(left.count(face) >= QUORUM for face in left):
        first = max(set(left), key=left.count)
        assert set(left) == {first} or left.count(first) == max(
            left.count(face) for face in left if face != first
        )


@pytest.mark.parametrize("count", [1, 2, 5, 12, 15])
def test_a_set_of_one_person_costs_few_calls(count: int) -> None:
    _, calls = collect("a" * count)
    assert calls == math.comb(min(count, CORE), 2) + max(0, count - CORE)


def test_no_photo_costs_more_than_a_handful() -> None:
    people, faces = people_of({}, 80.0), {}
    for ordinal in range(1, 16):
        faces[ordinal] = f"person {ordinal}"
        people, calls = add(people, ordinal, faces)
        assert calls <= CORE


def test_the_medoid_is_the_one_most_like_the_others() -> None:
    people = people_of({1: {}, 2: {1: 82.0}, 3: {1: 83.0, 2: 99.0}, 4: {1: 81.0, 2: 98, 3: 97}}, 80)
    assert people.medoid(people.person()) == 2
    # Who was compared least is no medoid, however well that one comparison went.
    assert people.learning(5, {2: 100.0}).medoid((1, 2, 3, 4, 5)) == 2


def test_when_the_medoid_goes_another_speaks_for_the_person() -> None:
    rows = {1: {}, 2: {1: 95.0}, 3: {1: 96.0, 2: 94.0}, 4: {1: 97.0, 2: 93.0, 3: 92.0}}
    people = people_of(rows, 80)
    assert people.medoid(people.person()) == 1
    del rows[1]
    left = people_of(rows, 80)
    assert left.person() == (2, 3, 4)
    assert left.medoid(left.person()) == 2
    assert comparisons(left).first == (2, 3, 4)


def test_a_later_face_is_compared_with_the_medoid_and_denied_only_by_three() -> None:
    rows = {n: {m: 90.0 + (3 in (n, m)) for m in range(1, n)} for n in range(1, 7)}
    plan = comparisons(people_of(rows, 80))
    assert plan.first == (3,)
    assert len(plan.then) == 2
    assert 3 not in plan.then


def test_equal_groups_are_no_person_and_do_not_agree() -> None:
    rows: dict[int, dict[int, float]] = {1: {}, 2: {1: 99}, 3: {1: 99, 2: 99}}
    rows |= {4: {1: 1.0}, 5: {1: 1.0, 4: 99.0}, 6: {1: 1.0, 4: 99.0, 5: 99.0}}
    people = people_of(rows, 80)
    assert people.person() == ()
    assert not people.agrees()
    assert outsiders(people) == ()
    assert people_of({1: {}, 2: {1: 99.0}}, 80).agrees()
    assert people_of({}, 80).agrees()
