from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain import moments
from lambdas.domain.ids import Prefix, ids_in, is_id, is_owner, new_id

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(st.sampled_from(Prefix), MOMENTS)
def test_every_new_id_is_well_formed_for_its_kind_only(prefix: Prefix, now: datetime) -> None:
    made = new_id(prefix, now)
    assert [kind for kind in Prefix if is_id(kind, made)] == [prefix]


@given(MOMENTS, MOMENTS)
def test_ids_sort_as_time_does(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=2):
        ids = (new_id(Prefix.PHOTO, one), new_id(Prefix.PHOTO, other))
        assert (ids[0] < ids[1]) == (one < other)


def test_an_id_is_the_time_and_the_entropy_in_base_32() -> None:
    # The example of the ULID specification's reference implementations: 1469918176385 ms.
    moment = datetime.fromtimestamp(1469918176.385, UTC)
    assert new_id(Prefix.SUBJECT, moment, bytes(10)) == "sub_01ARYZ6S41" + "0" * 16


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sub_",
        "sub_81ARYZ6S410000000000000000",
        "sub_01ARYZ6S41000000000000000I",
        "sub_01aryz6s410000000000000000",
        "sub_01ARYZ6S4100000000000000001",
        "sub_01ARYZ6S410000000000000000\n",
    ],
)
def test_what_was_never_made_is_no_id(text: str) -> None:
    assert not is_id(Prefix.SUBJECT, text)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("5f0c1f64-8a0b-4d7e-9d3c-2f6a1b0c9e11", True),
        ("7k2m9serverclient", True),
        ("", False),
        ("a/b", False),
        ("..", False),
        ("a#b", False),
        ("a" * 129, False),
        ("a\n", False),
    ],
)
def test_an_owner_is_one_harmless_segment_of_a_key(text: str, may: bool) -> None:
    assert is_owner(text) is may


@given(MOMENTS, MOMENTS)
def test_moments_as_text_sort_as_time_does(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=1):
        assert (moments.to_text(one) < moments.to_text(other)) == (one < other)


@given(MOMENTS)
def test_a_moment_survives_as_text_to_the_millisecond(moment: datetime) -> None:
    assert moment - moments.from_text(moments.to_text(moment)) < timedelta(milliseconds=1)
    assert moments.to_epoch(moment) == int(moment.timestamp())


def test_a_moment_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        moments.to_text(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


@given(st.lists(st.tuples(st.sampled_from(Prefix), MOMENTS), max_size=4))
def test_the_ids_in_a_text_are_found(made: list[tuple[Prefix, datetime]]) -> None:
    ids = [new_id(prefix, moment) for prefix, moment in made]
    assert ids_in('{"a": "' + '/x", "'.join(ids) + '"}') == ids
