"""The training loop ends with its budget, resumes where it was, and averages what it learned."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from training.miniature.fit import Budget, Ema, FitSettings, averaged, fit, steps_of


class _Line:
    """Fits y = 3x; remembers the steps that it was asked for."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.module: nn.Module = nn.Linear(1, 1)
        self.steps: list[int] = []

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        self.steps.append(step)
        x = torch.randn(16, 1, generator=torch.Generator().manual_seed(step))
        return (self.module(x) - 3 * x).pow(2).mean(), {"steps": float(len(self.steps))}


def _settings(steps: int | None, minutes: float | None = None) -> FitSettings:
    return FitSettings(learning_rate=0.05, steps=steps, minutes=minutes, bf16=False, log_every=10)


def test_it_learns_within_its_steps(tmp_path: Path) -> None:
    line = _Line()
    fit(line, _settings(300), tmp_path / "line.pt")
    assert len(line.steps) == 300
    assert float(line.loss(999)[0].detach()) < 0.05


def test_it_goes_on_where_the_checkpoint_ended(tmp_path: Path) -> None:
    fit(_Line(), _settings(20), tmp_path / "line.pt")
    again = _Line()
    fit(again, _settings(15), tmp_path / "line.pt")
    assert again.steps == list(range(20, 35))
    assert steps_of(tmp_path / "line.pt") == 35


def test_the_averaged_module_is_what_fit_returned(tmp_path: Path) -> None:
    made = fit(_Line(), _settings(40), tmp_path / "line.pt")
    loaded = averaged(tmp_path / "line.pt", nn.Linear(1, 1))
    for ours, theirs in zip(made.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_no_time_means_no_step(tmp_path: Path) -> None:
    line = _Line()
    fit(line, _settings(None, minutes=0.0), tmp_path / "line.pt")
    assert line.steps == []


def test_a_budget_must_be_given() -> None:
    with pytest.raises(ValueError, match="minutes or steps"):
        Budget(_settings(None))


def test_progress_is_one_json_line_per_interval(tmp_path: Path) -> None:
    fit(_Line(), _settings(30), tmp_path / "line.pt")
    lines = [json.loads(line) for line in (tmp_path / "line.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30]
    assert {"loss", "rate", "spent", "seconds", "steps"} <= set(lines[0])


def test_no_half_written_checkpoint_stays_behind(tmp_path: Path) -> None:
    fit(_Line(), _settings(3), tmp_path / "line.pt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["line.jsonl", "line.pt"]


def test_an_average_moves_at_once_when_young_and_slowly_when_old() -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(module.weight)
    ema = Ema(module, decay=0.999)
    nn.init.ones_(module.weight)
    ema.update(module, 0)
    assert float(ema.shadow[0].detach()) == pytest.approx(0.9)
    ema.update(module, 10**6)
    assert float(ema.shadow[0].detach()) == pytest.approx(0.9001, abs=1e-5)


class _Broken(_Line):
    """Breaks off at step 12, one way or another."""

    def __init__(self, end: BaseException | None) -> None:
        super().__init__()
        self._end = end

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        loss, numbers = super().loss(step)
        if step < 12:
            return loss, numbers
        if self._end:
            raise self._end
        return loss * float("nan"), numbers


def test_an_interrupted_run_keeps_its_steps(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(_Broken(KeyboardInterrupt()), _settings(50), tmp_path / "line.pt")
    assert steps_of(tmp_path / "line.pt") == 12


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_the_last_good_checkpoint(
    tmp_path: Path,
) -> None:
    fit(_Line(), _settings(5), tmp_path / "line.pt")
    with pytest.raises(FloatingPointError, match="lower rate"):
        fit(_Broken(None), _settings(50), tmp_path / "line.pt")
    assert steps_of(tmp_path / "line.pt") == 5
