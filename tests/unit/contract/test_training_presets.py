"""What a preset may say, and that the page about it tells the truth."""

import re
from pathlib import Path

import pytest

from contract.training_job import Hyperparameters
from contract.training_presets import PRESETS, PresetName

PAGE = Path(__file__).parents[3] / "docs" / "03-training.md"


@pytest.mark.parametrize("name", PresetName)
def test_a_preset_sets_known_switches_and_nothing_that_serving_depends_on(
    name: PresetName,
) -> None:
    Hyperparameters.check(PRESETS[name].switches)
    assert not {"rank", "token", "token_vectors", "resolution"} & set(PRESETS[name].switches)


def test_presets_cost_more_from_one_to_the_next() -> None:
    costs = [PRESETS[name].cost for name in PresetName]
    assert costs == sorted(costs)
    assert len(set(costs)) == len(costs)


@pytest.mark.parametrize("name", PresetName)
def test_the_page_states_each_presets_steps_and_cost(name: PresetName) -> None:
    row = re.search(rf"\| `{name}` \| × (\S+) \| (\S+) \|", PAGE.read_text(encoding="utf-8"))
    assert row is not None
    assert float(row[1]) == PRESETS[name].steps
    assert float(row[2]) == pytest.approx(PRESETS[name].cost)


def test_no_run_is_shorter_than_a_step() -> None:
    assert PRESETS[PresetName.FAST].max_steps(1) == 1
