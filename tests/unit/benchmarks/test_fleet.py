"""The fleet simulator on traces whose outcome can be told by hand."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.fleet import report
from benchmarks.fleet.inputs import IMAGES_PER_VISIT, Inputs
from benchmarks.fleet.peers import extension_for_stable_diffusion, jumpstart_guidance
from benchmarks.fleet.policies import Policies
from benchmarks.fleet.scaler import Scaler
from benchmarks.fleet.simulation import Setup, simulate
from benchmarks.fleet.traffic import DAY_S, Trace, day, spike

# A service of 10 s, swaps of 1 and 3 s, a machine that takes 300 s to come and keeps two adapters.
INPUTS = Inputs(
    service_s=10,
    wake_least_s=300,
    wake_most_s=300,
    swap_hit_s=1,
    swap_miss_s=3,
    adapter_bytes=1,
    cache_bytes=2,
    price_per_hour=3600,
    ttl_s=1000,
)
ALWAYS = Setup("always on", None, fixed=1)
WAKING = Setup("waking", extension_for_stable_diffusion(2))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("local_aws.autoscaling")
    before, logger.level = logger.level, logging.WARNING
    yield
    logger.level = before


def trace(*requests: tuple[float, int], span_s: float = 60.0) -> Trace:
    at, adapter = zip(*requests, strict=True)
    return Trace("by hand", np.array(at, dtype=float), np.array(adapter), span_s)


def test_one_instance_serves_in_order_and_swaps_what_is_not_loaded() -> None:
    outcome = simulate(trace((0, 1), (0, 1), (0, 2), (0, 1), (0, 3), (0, 2)), ALWAYS, INPUTS)

    # Adapter 2 was put out by 3: only two are kept, and 1 was used after it.
    assert outcome.took.tolist() == [13, 10, 13, 11, 13, 13]
    assert outcome.waited.tolist() == [0, 13, 23, 36, 47, 60]
    assert outcome.hits == (1, 1, 4)
    assert outcome.latency(0) == 13


def test_an_always_on_instance_is_paid_for_the_whole_span() -> None:
    outcome = simulate(trace((0, 1), (600, 1), span_s=3600), ALWAYS, INPUTS)

    assert outcome.gpu_hours == pytest.approx(1, abs=0.02)
    assert outcome.dollars_per_image == pytest.approx(1800, rel=0.02)


def test_a_request_wakes_the_endpoint_by_the_policies_and_it_goes_back_to_zero() -> None:
    outcome = simulate(trace((5, 1)), Setup("one", extension_for_stable_diffusion(1)), INPUTS)

    # Published at 61 s, evaluated with the next minute's metrics at 121 s, 300 s until it serves.
    assert outcome.waited.tolist() == [421 - 5]
    assert outcome.awake.tolist() == [False]
    assert outcome.wakes == 1
    assert outcome.minutes[-1] == (0, 0)
    assert outcome.gpu_hours == pytest.approx(1, abs=0.1), "four quarters of an hour with little"


def test_a_pause_shorter_than_the_start_brings_a_second_instance_for_one_request() -> None:
    outcome = simulate(trace((5, 1)), WAKING, INPUTS)

    assert max(target for _, target in outcome.minutes) == 2


def test_a_queue_brings_a_second_instance_and_never_a_third() -> None:
    outcome = simulate(trace(*[(float(n), 1) for n in range(90)]), WAKING, INPUTS)

    assert max(serving for serving, _ in outcome.minutes) == 2
    assert outcome.images == 90


def test_a_request_whose_time_is_over_is_not_served() -> None:
    slow = replace(INPUTS, wake_least_s=2000, wake_most_s=2000)

    outcome = simulate(trace((0, 1), (1500, 2), span_s=1600), WAKING, slow)

    assert outcome.expired == 1
    assert np.isnan(outcome.waited).tolist() == [True, False]


def test_the_guidance_takes_one_instance_away_while_little_is_to_be_done() -> None:
    setup = Setup("guidance", jumpstart_guidance(3))

    outcome = simulate(trace(*[(float(n), 1) for n in range(120)]), setup, INPUTS)

    wanted = [target for _, target in outcome.minutes]
    steps = {after - before for before, after in itertools.pairwise(wanted)}
    assert steps <= {-1, 0, 1}
    assert max(wanted) > 1
    assert outcome.minutes[-1] == (0, 0)


@pytest.mark.parametrize("policies", [extension_for_stable_diffusion(2), jumpstart_guidance(2)])
def test_minutes_asleep_are_skipped_without_a_difference(
    policies: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = trace((5, 1), (30_000, 2), (30_100, 1), (70_000, 3), span_s=80_000)
    skipped = simulate(apart, Setup("s", policies), INPUTS)
    before = Scaler.__init__

    def never(scaler: Scaler, *arguments: object) -> None:
        before(scaler, *arguments)  # type: ignore[arg-type]
        scaler.memory_s = 1_000_000

    monkeypatch.setattr(Scaler, "__init__", never)

    assert simulate(apart, Setup("s", policies), INPUTS).row() == skipped.row()


def test_endpoints_of_their_own_do_not_share_instances() -> None:
    own = Setup("own", WAKING.policies, endpoints=2, route=lambda adapter, *_: adapter)

    outcome = simulate(trace((0, 0), (0, 1)), own, INPUTS)

    assert outcome.wakes == 2
    assert outcome.waited.tolist() == [421, 421]


def test_a_day_has_its_visits_and_its_peaks() -> None:
    found = day(20_000, seed=1)
    hours = np.bincount((found.at % DAY_S // 3600).astype(int), minlength=24)

    assert len(found) == pytest.approx(20_000 * 0.1 * IMAGES_PER_VISIT, rel=0.1)
    assert (np.diff(found.at) >= 0).all()
    assert hours[20] > 5 * hours[3]
    assert np.array_equal(found.at, day(20_000, seed=1).at), "the same seed, the same day"


def test_a_spike_comes_on_top_of_the_day() -> None:
    usual, more = day(5_000, seed=2), spike(5_000, seed=2, hour=12)
    noon = [((each.at >= 12 * 3600) & (each.at < 13 * 3600)).sum() for each in (usual, more)]

    assert len(more) > len(usual)
    assert noon[1] > 5 * noon[0]


def test_a_table_takes_its_place_and_only_its_place() -> None:
    page = "a\n<!-- table x -->\nold\n<!-- end -->\nb\n<!-- table y -->\n<!-- end -->\n"

    placed = report.placed(page, "x", ["| 1 |"])

    assert placed == page.replace("old", "| 1 |")
    with pytest.raises(ValueError, match="no place for the table z"):
        report.placed(page, "z", [])


def test_the_frontier_names_what_nothing_beats() -> None:
    outcome = simulate(trace((5, 1)), WAKING, INPUTS).row()
    rows = [
        {**outcome, "setup": "cheap", "p95_s": 9.0, "usd_per_image": 1.0, "series": report.CHOSEN},
        {**outcome, "setup": "beaten", "p95_s": 9.0, "usd_per_image": 2.0, "series": "other"},
        {**outcome, "setup": "fast", "p95_s": 1.0, "usd_per_image": 3.0, "series": "other"},
    ]

    lines = report.frontier(rows)

    assert [("★" in line) for line in lines[2:]] == [True, False, True]
    assert "**cheap**" in lines[2]
    assert report.plot("prod", rows).startswith("<svg")
