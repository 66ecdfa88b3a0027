"""Which checkpoint is published: the one whose pictures are most like the subject, as asked for."""

import math
from dataclasses import asdict, dataclass
from typing import Protocol

import torch

from contract.training_failure import FailureCode
from contract.training_job import Hyperparameters
from training.checkpoint import State
from training.errors import TrainingError
from training.evaluation import STEPS, Evaluation, Measured, Scores

MAX_PICTURES, MIN_PICTURES = 6, 4
_MAX_ROUNDS = 5
_EARLIEST = 0.4  # share of the run before which no checkpoint was ever the best
# What a step costs in passes of the denoiser: forward is one, backward about two.
_PASSES_OF_A_STEP = 3
_PASSES_OF_A_PICTURE = 2 * STEPS  # with and without the prompt, for guidance


@dataclass(frozen=True)
class Plan:
    """`pictures` per round; after which training steps there is one, the last one always."""

    pictures: int
    steps: tuple[int, ...]


def plan(settings: Hyperparameters) -> Plan:
    """As many rounds as the evaluation's share of the run pays for, beside the base's own.

    Counted in passes and not in seconds: a resumed run must measure when the first one would have.
    """
    samples = settings.batch_size * (2 if settings.prior_preservation else 1)
    trained = settings.max_steps * samples * _PASSES_OF_A_STEP
    pictures = int(trained * settings.evaluation_share) // _PASSES_OF_A_PICTURE
    each = min(MAX_PICTURES, max(MIN_PICTURES, pictures // 2))
    rounds = min(_MAX_ROUNDS, max(1, pictures // each - 1))
    if not settings.choose_checkpoint:
        rounds = 1
    span = 1 - _EARLIEST
    steps = {
        round(settings.max_steps * (_EARLIEST + span * number / rounds))
        for number in range(1, rounds + 1)
    }
    return Plan(each, tuple(sorted(step for step in steps if step > 0)))


class Subject(Protocol):
    """The model in training, as the chooser needs it."""

    @property
    def step(self) -> int:
        """How many steps it has learned."""
        ...

    def base_pictures(self) -> torch.Tensor:
        """What the untuned base draws for the prompts, (n, 3, side, side) in −1…1."""
        ...

    def pictures(self) -> torch.Tensor:
        """What it draws itself."""
        ...

    def weights(self) -> list[torch.Tensor]:
        """A copy of the weights that drew them."""
        ...


class Chooser:
    """Measures where the plan says so, and keeps the best weights so far."""

    def __init__(self, planned: Plan, evaluation: Evaluation, subject: Subject) -> None:
        self._plan, self._evaluation, self._subject = planned, evaluation, subject
        self._base: Measured | None = None
        self._rounds: list[Scores] = []
        self._best: tuple[Scores, list[torch.Tensor]] | None = None

    @property
    def is_due(self) -> bool:
        """Whether a round belongs after the present step, and has not been."""
        step = self._subject.step
        return step in self._plan.steps and all(each.step != step for each in self._rounds)

    @property
    def rounds(self) -> int:
        """How many there have been."""
        return len(self._rounds)

    @property
    def best(self) -> tuple[Scores, list[torch.Tensor]]:
        """The best scores and their weights; there must have been a round."""
        if self._best is None:
            raise RuntimeError("nothing was measured")
        return self._best

    @property
    def base_identity(self) -> float:
        """The untuned base's identity score."""
        return 0.0 if self._base is None else self._base.to_photos / self._evaluation.ceiling

    def measure(self) -> tuple[Scores, torch.Tensor]:
        """One round: its scores and pictures. Raises TrainingError if they are no numbers."""
        if self._base is None:
            self._base = self._evaluation.measure(self._subject.base_pictures())
        pictures = self._subject.pictures()
        tuned = self._evaluation.measure(pictures)
        scores = self._evaluation.scores(self._subject.step, tuned, self._base)
        if not math.isfinite(scores.score * scores.likeness):
            raise TrainingError(
                FailureCode.LOSS_NOT_FINITE,
                f"The training diverged before step {scores.step}: a lower learning rate may help.",
            )
        self._rounds.append(scores)
        if self._best is None or scores.score > self._best[0].score:
            self._best = scores, self._subject.weights()
        return scores, pictures

    def state(self) -> State:
        """All that is needed to go on, as plain tensors and numbers."""
        best = self._best
        return {
            "base": None if self._base is None else asdict(self._base),
            "rounds": [asdict(scores) for scores in self._rounds],
            "best": None if best is None else {"step": best[0].step, "weights": best[1]},
        }

    def restore(self, state: State) -> None:
        """Take up a state that `state` gave."""
        base, best = state["base"], state["best"]
        self._base = None if base is None else Measured(**base)
        self._rounds = [Scores(**fields) for fields in state["rounds"]]
        if best is not None:
            scores = next(each for each in self._rounds if each.step == best["step"])
            self._best = scores, best["weights"]


def demand_likeness(scores: Scores, floor: float) -> None:
    """Raise TrainingError LOW_LIKENESS if the best checkpoint does not reach the floor (0: off)."""
    if floor and scores.likeness < floor:
        raise TrainingError(
            FailureCode.LOW_LIKENESS,
            f"The pictures came only {max(0.0, scores.likeness):.0%} of the way from any member of "
            f"the class to the subject, and {floor:.0%} are needed.",
        )
