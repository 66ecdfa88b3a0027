"""Holding out, planning, measuring, choosing: each by itself."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from contract.training_failure import FailureCode
from contract.training_job import Hyperparameters, Precision
from tests.ml.training_runs import hyperparameters
from training.base import Base, load_base
from training.choosing import MIN_PICTURES, Chooser, Plan, demand_likeness, plan
from training.errors import TrainingError
from training.evaluation import STEPS, Evaluation, Measured, Scores
from training.photos import Photo, held_out_of, split

PASSES_OF_A_PICTURE = 2 * STEPS


@pytest.fixture(scope="module")
def loaded(sd_base: Path) -> Base:
    return load_base(sd_base, "tiny-sd", Precision.FP32, torch.device("cpu"))


@pytest.fixture(scope="module")
def told(sd_base: Path) -> Hyperparameters:
    return Hyperparameters.from_strings(hyperparameters(sd_base, {}))


def test_the_more_photos_the_more_are_held_out_and_never_most_of_them() -> None:
    assert [held_out_of(n) for n in (1, 3, 4, 5, 6, 11, 12, 15)] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_no_photo_is_both_learned_and_held_out() -> None:
    photos = [Photo(f"{n:02d}", Image.new("RGB", (8, 8))) for n in range(12)]
    learned, held_out = split(photos, seed=4)
    assert (len(learned), len(held_out)) == (9, 3)
    assert sorted(photo.name for photo in learned + held_out) == [photo.name for photo in photos]
    assert split(photos, seed=4) == (learned, held_out)
    assert any(split(photos, seed=n)[1] != held_out for n in range(5))


@settings(max_examples=200)
@given(
    max_steps=st.integers(1, 3000),
    batch=st.integers(1, 16),
    share=st.floats(0, 1),
    prior=st.booleans(),
)
def test_measuring_takes_its_share_of_a_run_or_the_least_that_tells_anything(
    told: Hyperparameters, max_steps: int, batch: int, share: float, prior: bool
) -> None:
    changed = replace(
        told,
        max_steps=max_steps,
        batch_size=batch,
        evaluation_share=share,
        prior_preservation=prior,
    )
    planned = plan(changed)
    training = max_steps * batch * (2 if prior else 1) * 3
    measuring = (len(planned.steps) + 1) * planned.pictures * PASSES_OF_A_PICTURE
    least = 2 * MIN_PICTURES * PASSES_OF_A_PICTURE
    assert measuring <= max(share * training, least)
    assert planned.steps[-1] == max_steps
    assert all(0 < step <= max_steps for step in planned.steps)
    assert plan(replace(changed, choose_checkpoint=False)).steps == (max_steps,)


class Painting:
    """A subject whose pictures are `shades` of grey, one more each step; the base paints black."""

    def __init__(self, shades: list[float]) -> None:
        self.shades = shades
        self.step = 0

    def base_pictures(self) -> torch.Tensor:
        return _grey(-1.0)

    def pictures(self) -> torch.Tensor:
        return _grey(self.shades[self.step - 1])

    def weights(self) -> list[torch.Tensor]:
        return [torch.tensor([float(self.step)])]


class Brightness:
    """An encoder that sees brightness only: alike by one minus the difference."""

    name = "brightness"

    def images(self, pixels: torch.Tensor) -> torch.Tensor:
        return (pixels.mean(dim=(1, 2, 3), keepdim=True).flatten(1) + 1) / 2

    def texts(self, texts: Sequence[str]) -> torch.Tensor | None:
        """Prompts ask for the brightness that they name."""
        return torch.tensor([[float(text)] for text in texts])

    def similarity(self, some: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        return 1 - (some[:, None, 0] - others[None, :, 0]).abs()


def _grey(shade: float, count: int = 2) -> torch.Tensor:
    return torch.full((count, 3, 64, 64), shade)


def evaluation(base: Base, asked: str = "0") -> Evaluation:
    """Against white photos; prompts ask for the brightness `asked`."""
    return Evaluation(base, Brightness(), _grey(1.0, 3), _grey(1.0), [asked, asked], lambda: None)


def walked(chooser: Chooser, painting: Painting) -> Chooser:
    for step in range(1, len(painting.shades) + 1):
        painting.step = step
        if chooser.is_due:
            chooser.measure()
            assert not chooser.is_due
    return chooser


def test_the_published_weights_are_those_of_the_best_round(loaded: Base) -> None:
    painting = Painting([-0.5, 0.8, 0.2])
    chooser = walked(Chooser(Plan(2, (1, 2, 3)), evaluation(loaded, "1"), painting), painting)
    scores, weights = chooser.best
    assert (scores.step, weights[0].item(), chooser.rounds) == (2, 2.0, 3)
    assert scores.identity == pytest.approx(0.9)
    assert scores.likeness == pytest.approx(0.9)


def test_likeness_that_costs_the_prompt_is_worth_less(loaded: Base) -> None:
    painting = Painting([0.0, 1.0])  # alike at last, but nothing of what the prompts ask for
    chooser = walked(Chooser(Plan(2, (1, 2)), evaluation(loaded, "0"), painting), painting)
    scores, _ = chooser.best
    assert scores.step == 1
    assert scores.prompt_fidelity == pytest.approx(0.5)
    assert scores.score == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("base", "tuned", "fidelity"), [(0.2, 0.1, 0.5), (0.2, -0.3, 0.0), (0.001, 0.2, None)]
)
def test_fidelity_is_told_only_where_the_base_follows_prompts(
    loaded: Base, base: float, tuned: float, fidelity: float | None
) -> None:
    scores = evaluation(loaded).scores(1, Measured(0.9, tuned), Measured(0.5, base))
    assert scores.prompt_fidelity == fidelity
    assert scores.score == pytest.approx(0.9 * (1.0 if fidelity is None else fidelity))


def test_a_chooser_goes_on_where_another_stopped(loaded: Base) -> None:
    painting = Painting([0.5, 0.1, 0.2])
    planned, measured = Plan(2, (1, 2, 3)), evaluation(loaded, "1")
    whole = walked(Chooser(planned, measured, painting), painting)
    first = Chooser(planned, measured, painting)
    painting.step = 1
    first.measure()
    second = Chooser(planned, measured, painting)
    second.restore(first.state())
    assert not second.is_due
    assert walked(second, painting).state() == whole.state()


def test_pictures_that_are_no_numbers_end_the_run(loaded: Base) -> None:
    painting = Painting([float("nan")])
    with pytest.raises(TrainingError, match=FailureCode.LOSS_NOT_FINITE):
        walked(Chooser(Plan(2, (1,)), evaluation(loaded), painting), painting)


def test_the_floor_is_demanded_only_where_there_is_one() -> None:
    scores = Scores(step=9, identity=0.8, prompt_fidelity=1.0, likeness=0.12)
    demand_likeness(scores, 0.0)
    demand_likeness(scores, 0.1)
    with pytest.raises(TrainingError, match="LOW_LIKENESS: The pictures came only 12% of the way"):
        demand_likeness(scores, 0.2)
