import pytest

from benchmarks.serving.findings import growth_of, quantile, slope, swap_ratio, targets
from benchmarks.serving.plan import CELLS, Part, cells_of


def test_a_quantile_is_one_of_the_values() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [quantile(values, share) for share in (0.0, 0.2, 0.5, 0.95, 1.0)] == [1, 1, 3, 5, 5]


def test_the_slope_is_that_of_the_line() -> None:
    assert slope([[0, 1.0], [10, 6.0], [20, 11.0]]) == pytest.approx(0.5)
    assert slope([[0, 1.0]]) == 0.0  # a run to try it has no more


def test_growth_is_judged_once_the_tiers_are_full() -> None:
    curve = [[n, 100.0 + min(n, 50)] for n in range(0, 101, 10)]
    grown = growth_of({"curve": curve})
    assert (grown.resident, grown.kib_per_swap) == (150.0, 0.0)


def test_what_malloc_gave_out_and_pythons_blocks_are_judged_where_they_were_counted() -> None:
    curve = [[n, 100.0, 50.0 + n / 1024, 1000 + 2 * n] for n in range(0, 101, 10)]
    grown = growth_of({"curve": curve})
    assert grown.given_out == pytest.approx(1.0)
    assert grown.blocks == pytest.approx(2.0)
    unknown = growth_of({"curve": [[n, rss, None, blocks] for n, rss, _, blocks in curve]})
    assert unknown.given_out is None
    assert unknown.blocks == pytest.approx(2.0)
    assert growth_of({"curve": [point[:2] for point in curve]}).blocks is None


def test_images_are_below_stocks_if_the_mean_is_however_much_turns_differ() -> None:
    def judged(ours: list[float]) -> bool | None:
        seconds = {"ours": {"cpu": ours}, "stock": {"cpu": [1.0, 1.0]}}
        return targets([{"part": "images", "seconds": seconds}])[0].is_met

    assert judged([1.2, 0.7])
    assert judged([1.2, 0.9]) is False


def test_a_result_is_of_its_code_and_amount() -> None:
    first, *_ = cells_of([Part.MEMORY], quick=False)
    assert first.fingerprint == first.fingerprint
    assert first.fingerprint != cells_of([Part.MEMORY], quick=True)[0].fingerprint


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
