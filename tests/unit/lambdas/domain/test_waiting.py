"""What a waiting generation is told: from recent times only, and never too exact."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.waiting import Estimate, RecentTimes, estimate, quantile

TIMES = RecentTimes(services=(8.0, 10.0, 12.0), wakes=(300.0, 400.0, 600.0))


def test_the_next_one_takes_as_long_as_generations_took_lately() -> None:
    assert estimate(TIMES, ahead=0, instances=1, asleep_for_s=None) == Estimate(10, 12)


def test_those_ahead_are_shared_by_the_instances() -> None:
    one = estimate(TIMES, ahead=4, instances=1, asleep_for_s=None)
    two = estimate(TIMES, ahead=4, instances=2, asleep_for_s=None)

    assert (one, two) == (Estimate(50, 60), Estimate(30, 36))


def test_a_sleeping_endpoint_has_to_wake_first() -> None:
    assert estimate(TIMES, ahead=0, instances=0, asleep_for_s=0) == Estimate(410, 612)
    assert estimate(TIMES, ahead=0, instances=0, asleep_for_s=350) == Estimate(60, 262)


def test_a_wake_up_that_takes_longer_than_ever_is_not_negative() -> None:
    assert estimate(TIMES, ahead=0, instances=0, asleep_for_s=9_999) == Estimate(10, 12)


def test_too_little_is_known_to_say_anything() -> None:
    few = RecentTimes(services=(8.0, 9.0), wakes=TIMES.wakes)
    unwoken = RecentTimes(services=TIMES.services, wakes=(300.0,))

    assert estimate(few, ahead=0, instances=1, asleep_for_s=None) is None
    assert estimate(unwoken, ahead=0, instances=0, asleep_for_s=1) is None
    assert estimate(unwoken, ahead=0, instances=1, asleep_for_s=None) is not None


def test_only_the_latest_are_remembered() -> None:
    times = RecentTimes()
    for second in range(200):
        times = times.with_service(second).with_wake(second)

    assert times.services == tuple(range(150, 200))
    assert times.wakes == tuple(range(190, 200))
    assert RecentTimes().with_wake(-3).with_service(-1) == RecentTimes((0.0,), (0.0,))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_one_of_the_values_and_covers_its_share(
    values: list[float], share: float
) -> None:
    found = quantile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
