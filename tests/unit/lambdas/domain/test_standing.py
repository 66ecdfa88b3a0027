from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.errors import Forbidden, LimitReached
from lambdas.domain.settings import ViolationRules
from lambdas.domain.standing import (
    LONGEST_PAUSE,
    WINDOWS,
    Standing,
    StandingName,
    forgotten_at,
    window_of,
)
from lambdas.records.standing import forgive, read_standing, violation
from tests.unit.lambdas.fakes import FakeTable

RULES = ViolationRules(half_life_hours=24, slow_at=3, block_at=10, pause_seconds=30)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def after(*violations: timedelta) -> Standing:
    """The standing of somebody who did wrong so long before NOW."""
    table = FakeTable()
    for ago in violations:
        table.write(violation("someone", NOW - ago, RULES))
    return read_standing(table, "someone")


def test_a_violation_weighs_half_as_much_a_day_later_and_is_forgotten_in_the_end() -> None:
    standing = after(timedelta(0))
    assert [standing.score(NOW + n * DAY, RULES) for n in range(3)] == [1, 0.5, 0.25]
    assert standing.score(NOW + WINDOWS * DAY, RULES) == 0
    assert forgotten_at(window_of(NOW, RULES), RULES) <= NOW + WINDOWS * DAY


@given(
    st.lists(st.integers(0, 300), max_size=30),
    st.integers(0, 400),
    st.integers(0, 400),
)
def test_without_new_violations_it_only_gets_better(hours: list[int], one: int, other: int) -> None:
    standing = after(*(timedelta(hours=each) for each in hours))
    sooner, later = (NOW + timedelta(hours=each) for each in sorted((one, other)))
    assert standing.score(later, RULES) <= standing.score(sooner, RULES) <= len(hours)
    assert standing.pause(later, RULES) <= standing.pause(sooner, RULES) <= LONGEST_PAUSE


@given(st.integers(0, 40))
def test_pauses_double_and_nobody_is_blocked_who_was_not_slowed(number: int) -> None:
    standing = after(*[timedelta(0)] * number)
    pause = standing.pause(NOW, RULES)
    if number < RULES.slow_at:
        assert standing.name(NOW, RULES) is StandingName.GOOD
        standing.demand_good(NOW, RULES)
    else:
        wanted = min(LONGEST_PAUSE, timedelta(seconds=30 * 2 ** (number - RULES.slow_at)))
        assert pause == wanted
        with pytest.raises(LimitReached) as slowed:
            standing.demand_good(NOW, RULES)
        assert slowed.value.retry_after >= pause.total_seconds()
        standing.demand_good(NOW + pause, RULES)
    assert standing.is_due(NOW, RULES) == (number >= RULES.block_at)


def test_a_blocked_account_is_told_how_to_appeal() -> None:
    standing = Standing(blocked_at=NOW)
    assert standing.name(NOW + 99 * DAY, RULES) is StandingName.BLOCKED
    with pytest.raises(Forbidden, match="/me/appeal") as blocked:
        standing.demand_good(NOW + 99 * DAY, RULES)
    assert blocked.value.code == "account_blocked"


def test_what_was_no_violation_is_taken_back_and_never_below_nothing() -> None:
    table = FakeTable()
    table.write(violation("someone", NOW, RULES))
    for _ in range(3):
        forgive(table, "someone", NOW, RULES)
    assert read_standing(table, "someone").score(NOW, RULES) == 0


def test_nobody_can_be_blocked_before_they_are_slowed() -> None:
    with pytest.raises(ValueError, match="slow_at must be below block_at"):
        ViolationRules(slow_at=5, block_at=5)


def test_the_records_of_a_standing_do_not_name_the_account() -> None:
    table = FakeTable()
    table.write(violation("5f0c1f64-8a0b-4d7e", NOW, RULES))
    assert "5f0c1f64" not in str(table.items)
