"""Consistent hashing with bounded loads: balance, minimal movement, and the bound itself."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.routing import Ring

NAMES = st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=1, max_size=6, unique=True)
SLACK = st.floats(0.01, 3)
ADAPTERS = [f"adapter-{n}" for n in range(5000)]


@given(NAMES, st.text(max_size=20))
def test_an_adapter_is_at_home_at_one_endpoint_in_whatever_order_they_are_named(
    names: list[str], adapter: str
) -> None:
    home = Ring(names).home(adapter)

    assert home in names
    assert Ring(names[::-1]).home(adapter) == home
    assert Ring(names).choose(adapter, {}) == home


@given(NAMES.filter(lambda names: len(names) > 1), st.text(max_size=20))
def test_only_the_adapters_of_an_endpoint_that_leaves_move(names: list[str], adapter: str) -> None:
    before, after = Ring(names), Ring(names[1:])

    if before.home(adapter) != names[0]:
        assert after.home(adapter) == before.home(adapter)


@pytest.mark.parametrize("count", [2, 5, 16])
def test_endpoints_have_about_equal_shares_of_the_adapters(count: int) -> None:
    homes = Counter(map(Ring([f"endpoint-{n}" for n in range(count)]).home, ADAPTERS))

    fair = len(ADAPTERS) / count
    assert len(homes) == count
    assert max(homes.values()) < 1.35 * fair
    assert min(homes.values()) > 0.65 * fair


@pytest.mark.parametrize("count", [2, 5, 16])
def test_a_new_endpoint_takes_its_fair_share_and_nothing_else_moves(count: int) -> None:
    names = [f"endpoint-{n}" for n in range(count + 1)]
    before, after = Ring(names[:-1]), Ring(names)

    moved = [a for a in ADAPTERS if before.home(a) != after.home(a)]

    assert {after.home(a) for a in moved} == {names[-1]}
    assert len(moved) < 1.35 * len(ADAPTERS) / (count + 1)


@given(NAMES, st.lists(st.integers(0, 9), min_size=1, max_size=60), SLACK)
def test_no_endpoint_gets_more_than_its_bounded_part(
    names: list[str], adapters: list[int], slack: float
) -> None:
    ring, loads = Ring(names), Counter[str]()

    for number, adapter in enumerate(adapters, start=1):
        chosen = ring.choose(str(adapter), loads, slack, undisturbed=0)
        loads[chosen] += 1
        assert loads[chosen] <= math.ceil((1 + slack) * number / len(names))


def test_a_popular_adapter_overflows_to_the_same_neighbour_first() -> None:
    ring = Ring(["a", "b", "c", "d"])
    home = ring.home("popular")
    loads = {home: 10}

    neighbours = {ring.choose("popular", loads) for _ in range(5)}

    assert len(neighbours) == 1
    assert home not in neighbours


@given(NAMES, st.text(max_size=20), st.integers(0, 99))
def test_an_adapter_stays_at_home_while_few_wait_there(
    names: list[str], adapter: str, undisturbed: int
) -> None:
    ring = Ring(names)
    home = ring.home(adapter)
    busy = {home: max(0, undisturbed - 1)}

    assert ring.choose(adapter, busy, undisturbed=undisturbed) == home


def test_what_has_no_adapter_goes_to_the_first_while_few_wait_and_then_to_the_least_loaded() -> (
    None
):
    ring = Ring(["a", "b", "c"])

    assert ring.choose_any({}) == "a"
    assert ring.choose_any({"a": 7, "b": 2}) == "a"
    assert ring.choose_any({"a": 8, "b": 7}) == "b"
    assert ring.choose_any({"a": 30, "b": 20, "c": 25}) == "b"


@given(NAMES, st.dictionaries(st.text("xyz", min_size=7), st.integers(0, 99)))
def test_loads_of_endpoints_that_left_do_not_count(
    names: list[str], others: dict[str, int]
) -> None:
    ring = Ring(names)

    assert ring.choose("some", others) == ring.home("some")


def test_a_ring_without_sense_is_refused() -> None:
    for names in ([], ["a", "a"]):
        with pytest.raises(ValueError, match="each of them once"):
            Ring(names)
    with pytest.raises(ValueError, match="positive"):
        Ring(["a"]).choose("x", {}, slack=0)
