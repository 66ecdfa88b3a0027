"""Several seeds in one row, the rule that chooses parameters by them, and routes of the fleet."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.fleet import report
from benchmarks.fleet.choice import MOST_P95_S, best
from benchmarks.fleet.experiments import ENDPOINTS_OF, MEANT_FOR, POPULATIONS
from benchmarks.fleet.replays import jobs
from benchmarks.fleet.routes import AtHome, Deployed
from benchmarks.fleet.seeds import FIGURES, averaged, merged, spread_of
from lambdas.api.endpoint_choice import FRESH_FOR
from lambdas.domain.routing import DEFAULT_UNDISTURBED


def row(setup: str, p95_s: float = 1.0, usd_per_image: float = 1.0, **more: Any) -> dict[str, Any]:
    figures = {**dict.fromkeys(FIGURES, 1.0), "p95_s": p95_s, "usd_per_image": usd_per_image}
    return {"setup": setup, **figures, **more}


def of(setup: str, *seeds: tuple[float, float]) -> dict[str, Any]:
    """A merged row, of (p95, price) under each seed."""
    (found,) = merged(row(setup, *figures) for figures in seeds)
    return found


def test_seeds_of_one_replay_become_one_row_with_its_mean_and_its_spread() -> None:
    first, other = merged(
        [row("a", 10, most_instances=2), row("b", 7), row("a", 20, most_instances=5)]
    )

    mean = averaged(first)
    assert (mean["setup"], mean["p95_s"], mean["most_instances"]) == ("a", 15, 5)
    assert spread_of(mean, "p95_s") == (10, 20)
    assert spread_of(averaged(other), "p95_s") is None


def test_a_figure_that_no_seed_has_stays_unknown() -> None:
    assert averaged(of("a", (1, 1)) | {"waking_p50_s": [None, None]})["waking_p50_s"] is None


@pytest.mark.parametrize(
    ("deployed", "cheaper", "chosen"),
    [
        (((50, 3), (50, 3)), ((55, 2), (55, 2)), "cheaper"),
        (((50, 3), (50, 3)), ((55, 1), (55, 3)), "deployed"),  # chance: not under every seed
        (((50, 3), (50, 3)), ((90, 1), (40, 1)), "deployed"),  # its mean breaks the bound
        (((70, 3), (60, 3)), ((55, 4), (55, 4)), "cheaper"),  # the deployed one breaks it
        (((700, 3), (700, 3)), ((710, 2), (710, 2)), "cheaper"),  # none holds it: the price alone
    ],
)
def test_parameters_change_for_a_price_that_no_seed_contradicts(
    deployed: tuple[tuple[float, float], ...],
    cheaper: tuple[tuple[float, float], ...],
    chosen: str,
) -> None:
    assert MOST_P95_S == 60
    now, other = of("deployed", *deployed), of("cheaper", *cheaper)

    assert best([now, other], now)["setup"] == chosen


def test_one_run_replays_everything_that_the_page_shows_under_each_seed() -> None:
    todo = jobs(5, max(POPULATIONS))

    seen = {(job.part, job.of) for job in todo}
    assert seen == {
        *(("frontier", name) for name in MEANT_FOR),
        *(("sizes", users) for users in POPULATIONS),
        *(("routing", users) for users in ENDPOINTS_OF),
        ("spike", 10_000),
    }
    assert len({job.seed for job in todo if job.part == "frontier"}) == 5
    assert len(set(todo)) == len(todo)


def test_a_table_shows_the_spread_of_the_seeds() -> None:
    found = averaged(of("a", (10, 0.001), (30, 0.003)))

    (_, _, line) = report.sizes([{**found, "users": 100}])

    assert "| 20 s (10–30) |" in line
    assert "| $2.00 (1.00–3.00) |" in line


def test_a_function_that_does_not_look_again_overflows_by_what_it_sent_itself() -> None:
    route, home = Deployed(4, functions=1), AtHome(4)(1, [0] * 4, 0.0)

    sent = [route(1, [0] * 4, 0.0) for _ in range(DEFAULT_UNDISTURBED + 1)]

    assert set(sent[:-1]) == {home}
    assert sent[-1] != home


def test_a_function_that_looks_again_knows_what_the_others_sent() -> None:
    route, home = Deployed(4, functions=1), AtHome(4)(1, [0] * 4, 0.0)
    assert route(1, [0] * 4, 0.0) == home
    busy = [99 if place == home else 0 for place in range(4)]

    assert route(1, busy, 1.0) == home, "it has not looked yet"
    assert route(1, busy, FRESH_FOR.total_seconds()) != home
