"""The parts of the training benchmark that decide numbers."""

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.training import charts, tables
from benchmarks.training.arms import ABLATIONS, ARMS, BASE, FAST, SCRIPT, SHORTER
from benchmarks.training.findings import FIDELITY, PROMPT, Arms, speed_rows
from benchmarks.training.sizes import SIZES
from benchmarks.training.spread import ratios, seconds_to_reach, spread_of
from benchmarks.training.subjects import PROMPTS, Prompt, right_share
from benchmarks.training.targets import targets
from benchmarks.training.tracks import TRACKS, Contender
from contract.training_job import Hyperparameters
from training.miniature.world import TRAITS

SCORES = {
    "identity_clip": 0.8,
    "ceiling_clip": 0.8,
    "identity_face": 0.5,
    "ceiling_face": 0.5,
    "faces": 1.0,
    "prompt_clip": 0.3,
    "prompt_traits": 0.6,
    "diversity": 0.2,
    "leaked": 0.1,
}


def arm(name: str, subject: int = 0, seconds: float = 50.0, **scores: float) -> dict[str, Any]:
    record = {"part": "arm", "arm": name, "subject": subject, "seconds": seconds}
    return {**record, "scores": {**SCORES, **scores}}


def timed(contender: Contender, turn: int, samples: float, peak: float = 500.0) -> dict[str, Any]:
    return {
        "part": "speed",
        "track": TRACKS[0].name,
        "contender": contender.value,
        "turn": turn,
        "samples_per_second": samples,
        "peak_mib": peak,
        "training_mib": peak,
    }


def test_one_measurement_has_no_spread_and_none_has_no_mean() -> None:
    one = spread_of([2.0])
    assert one is not None
    assert (one.count, one.mean, one.deviation) == (1, 2.0, 0.0)
    assert spread_of([]) is None


def test_the_spread_is_the_samples_standard_deviation() -> None:
    two = spread_of([1.0, 3.0])
    assert two is not None
    assert two.mean == 2.0
    assert two.deviation == pytest.approx(2**0.5)
    assert two.error == pytest.approx(1.0)
    assert two.text() == "2.00 ± 1.41 (2)"


@given(st.lists(st.floats(0.1, 10), min_size=1), st.floats(0.1, 10))
def test_a_machine_that_slows_both_sides_leaves_the_ratio(
    speeds: list[float], slower: float
) -> None:
    ours = [2 * speed * slower for speed in speeds]
    theirs = [speed * slower for speed in speeds]
    assert ratios(ours, theirs) == pytest.approx([2.0] * len(speeds))


def test_a_likeness_is_reached_between_two_points_of_a_curve() -> None:
    curve = [(10.0, 0.4), (30.0, 0.8)]
    assert seconds_to_reach(0.6, curve) == pytest.approx(20.0)
    assert seconds_to_reach(0.2, curve) == 10.0
    assert seconds_to_reach(0.9, curve) is None


def test_speed_is_compared_turn_by_turn_and_only_where_both_sides_ran() -> None:
    ours, script = Contender.OURS, Contender.SCRIPT
    rows = speed_rows(
        [
            *(timed(ours, turn, speed) for turn, speed in enumerate((30, 15))),
            *(timed(script, turn, speed) for turn, speed in enumerate((20, 10, 1000))),
        ]
    )
    by_side = {row.contender: row for row in rows}
    assert by_side[ours].faster is None
    assert by_side[script].faster == spread_of([1.5, 1.5])
    assert by_side[script].samples_per_second.count == 3
    assert Contender.PRECOMPUTED not in by_side


def test_fidelity_is_over_the_ceiling_and_prompts_over_the_same_subjects_base() -> None:
    arms = Arms([arm(BASE, prompt_clip=0.5), arm(FAST, identity_clip=0.6, prompt_clip=0.4)])
    found = arms.relative(FAST, 0)
    assert found[FIDELITY] == pytest.approx(0.75)
    assert found[PROMPT] == pytest.approx(0.8)


def test_a_subject_whose_base_was_not_measured_is_left_out() -> None:
    arms = Arms([arm(BASE, 0), arm(FAST, 0), arm(FAST, 1, identity_clip=0.0)])
    (row,) = [row for row in arms.rows() if row.arm == FAST]
    assert row.scores[FIDELITY].count == 1


def test_an_ingredient_is_weighed_on_the_same_subjects() -> None:
    without = ABLATIONS[0]
    arms = Arms(
        [
            *(arm(BASE, subject) for subject in (0, 1)),
            arm(FAST, 0, 60),
            arm(FAST, 1, 90, identity_clip=0.1),
            arm(without.name, 0, 50, identity_clip=0.4),
        ]
    )
    (row,) = arms.ablations()
    assert row.turn == without.turn
    assert row.differences[FIDELITY].mean == pytest.approx(-0.5)
    assert row.seconds.mean == -10
    assert tables.ablation_table([row])[2].startswith(f"| {without.turn} | -0.500 ± 0.000 (1)")


def test_time_to_equal_likeness_is_measured_against_where_the_script_ends() -> None:
    script = arm(SCRIPT, seconds=100, identity_clip=0.4)
    script |= {"first_step_seconds": 10.0, "seconds_per_step": 0.5, "steps": 161}
    script["checkpoints"] = [
        {"step": 40, "seconds": 30.0, "scores": {**SCORES, "identity_clip": 0.2}}
    ]
    steps = {"first_step_seconds": 8.0, "seconds_per_step": 0.5}
    quarter = arm(SHORTER[0].name, seconds=30, identity_clip=0.3) | steps | {"steps": 25}
    fast = arm(FAST, seconds=70, identity_clip=0.5) | steps | {"steps": 105}
    arms = Arms([arm(BASE), script, quarter, fast])
    found = next(one for one in arms.equal() if one.measure == FIDELITY)
    assert found.theirs == pytest.approx(90.0)
    assert found.ours == pytest.approx(40.0)
    assert found.whole == pytest.approx(50.0)
    assert "× 2.25 | 50.0" in tables.equal_table([found])[2]


def test_targets_are_met_missed_or_not_measured() -> None:
    ours, script = Contender.OURS, Contender.SCRIPT
    speed = speed_rows([timed(ours, 0, 30, 600), timed(script, 0, 20, 500)])
    rows = Arms([arm(BASE), arm(FAST, seconds=61.0)]).rows()
    verdicts = {one.name: one.is_met for one in targets(speed, rows, [])}
    assert verdicts[f"samples/s, {TRACKS[0].name}"] is True
    assert verdicts[f"peak memory, {TRACKS[0].name}"] is False
    assert verdicts["a whole training at preset fast"] is False
    assert verdicts["time to equal likeness, image encoder"] is None
    assert verdicts["subject fidelity, image encoder (preset fast)"] is True
    assert verdicts["subject fidelity, image encoder, ahead of the script"] is None
    table = "\n".join(tables.targets_table(targets(speed, rows, [])))
    assert "not measured" in table
    assert "**missed**" in table


def test_a_table_without_rows_says_so() -> None:
    assert tables.speed_table([]) == ["Not measured yet."]


def test_a_plot_is_well_formed_and_holds_every_point() -> None:
    series = {"a & b": [charts.Point(0.1, 0.2, 0.05), charts.Point(0.3, 0.1)], "c": []}
    drawn = ElementTree.fromstring(charts.chart("t", "x", "y", series, joined=True))
    circles = drawn.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 2 + len(series)
    places = [float(one.attrib["cx"]) for one in circles]
    assert all(0 <= place <= 720 for place in places)


def test_every_arm_has_a_name_of_its_own_and_settings_that_the_job_takes() -> None:
    arms = [*ARMS, *SHORTER, *ABLATIONS]
    assert len({one.name for one in arms}) == len(arms)
    for one in arms:
        Hyperparameters.check(one.settings(1.0))
    fast = next(one for one in ARMS if one.name == FAST)
    for one in ABLATIONS:
        changed = {
            name for name, v in one.settings(1.0).items() if fast.settings(1.0).get(name) != v
        }
        assert changed <= set(one.changes)
    half = replace(fast, share=0.5)
    assert half.settings(1.0)["max_steps"] == int(str(fast.settings(1.0)["max_steps"])) // 2


def test_an_ablation_changes_something_unless_the_preset_is_without_it() -> None:
    fast = next(one for one in ARMS if one.name == FAST).settings(1.0)
    defaults = Hyperparameters.__dataclass_fields__
    for one in ABLATIONS:
        before = {name: fast.get(name, defaults[name].default) for name in one.changes}
        assert before != dict(one.changes), one.name


@given(st.lists(st.floats(-100, 100), min_size=1), st.floats(0, 10))
def test_points_with_their_error_bars_lie_within_the_plot(values: list[float], bar: float) -> None:
    drawn = charts.chart("t", "x", "y", {"a": [charts.Point(v, v, bar, bar) for v in values]})
    for line in ElementTree.fromstring(drawn).findall("{http://www.w3.org/2000/svg}line"):
        assert all(0 <= float(line.attrib[name]) <= 720 for name in ("x1", "x2", "y1", "y2"))


def test_prompts_name_traits_that_the_judges_know() -> None:
    assert len(PROMPTS) == max(size.prompts for size in SIZES.values())
    assert len({prompt.template for prompt in PROMPTS}) == len(PROMPTS)
    for prompt in PROMPTS:
        assert prompt.of("a woman").count("a woman") == 1
        assert all(value in TRAITS[trait] for trait, value in prompt.asked.items())


def test_traits_count_one_by_one_and_only_those_that_a_prompt_names() -> None:
    asked = [Prompt("{}", {"hat": "cap", "glasses": "none"}), Prompt("{}", {}), Prompt("{}", {})]
    seen = {"hat": "cap", "glasses": "sunglasses", "style": "flat"}
    assert right_share(asked, [seen] * 3) == 0.5
    assert right_share(asked[1:], [seen] * 2) == 0.0
