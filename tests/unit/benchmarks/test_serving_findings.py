import pytest

from benchmarks.serving.findings import growth_of, quantile, slope, swap_ratio, targets
from benchmarks.serving.plan import CELLS, Part, cells_of


def test_a_quantile_is_one_of_the_values() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [quantile(values, share) for share in (0.0, 0.2, 0.5, 0.95, 1.0)] == [1, 1, 3, 5, 5]


def test_the_slope_is_that_of_the_line() -> None:
    assert slope([[0, 1.0], [10, 6.0], [20, 11.0]]) == pytest.approx(0.5)


def test_growth_is_judged_once_the_tiers_are_full() -> None:
    curve = [[n, 100.0 + min(n, 50)] for n in range(0, 101, 10)]
    grown = growth_of({"curve": curve})
    assert (grown.resident, grown.kib_per_swap) == (150.0, 0.0)


def swaps(ours: float, stock: float) -> dict[str, object]:
    sides = {"host": [ours / 2, ours], "stock_memory": [stock, stock / 2], "stock_file": [1.0]}
    seconds = {side: {"cpu": taken, "clock": taken} for side, taken in sides.items()}
    return {"part": "swap", "variant": "sdxl", "seconds": seconds}


def test_targets_are_met_from_their_bounds_on() -> None:
    assert swap_ratio(swaps(0.01, 0.2), "stock_memory") == pytest.approx(20)
    image = {"part": "images", "seconds": {"ours": {"cpu": [1.0]}, "stock": {"cpu": [0.9]}}}
    leaking = {"part": "memory", "variant": "tiny-sd", "swaps": 1000}
    leaking["curve"] = [[n, 100.0 + n / 100] for n in range(0, 1001, 10)]
    unlike = {"part": "isolation", "base": "tiny-sd", "requests": 1000, "equal": 999}
    judged = targets([swaps(0.01, 0.21), swaps(0.01, 0.19), image, leaking, unlike])
    assert [target.is_met for target in judged] == [True, False, False, False, False]


def test_every_part_has_cells_and_trying_is_short() -> None:
    assert {cell.part for cell in CELLS} == set(Part)
    assert len({cell.key for cell in CELLS}) == len(CELLS)
    assert all(cell.amount <= 3 for cell in cells_of(list(Part), quick=True))
    assert cells_of([Part.SWAP], quick=False) == [c for c in CELLS if c.part is Part.SWAP]
