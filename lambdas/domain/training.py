"""A training: from a set of photos to an adapter.

    queued ──► running ──► succeeded     published, and the subject serves it
      │           │
      ├───────────┼──────► failed        `failure` says why; nothing was published
      └───────────┴──────► cancelled     by its owner; nothing was published

A retry after a lost machine stays `running` and raises `attempt`: its checkpoints carry on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdas.domain.states import StateMachine

if TYPE_CHECKING:
    from datetime import datetime

    from contract.adapter import AdapterScores
    from contract.training_presets import PresetName


class TrainingState(StrEnum):
    """Where a training is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRAINING = StateMachine(
    "training",
    {
        TrainingState.QUEUED: frozenset(
            {TrainingState.RUNNING, TrainingState.FAILED, TrainingState.CANCELLED}
        ),
        TrainingState.RUNNING: frozenset(
            {TrainingState.SUCCEEDED, TrainingState.FAILED, TrainingState.CANCELLED}
        ),
        TrainingState.SUCCEEDED: frozenset(),
        TrainingState.FAILED: frozenset(),
        TrainingState.CANCELLED: frozenset(),
    },
)
ACTIVE_TRAINING_STATES = frozenset(TrainingState) - TRAINING.final_states


@dataclass(frozen=True)
class Failure:
    """Why something ended badly: a code for programs, a sentence for people."""

    code: str
    reason: str


@dataclass(frozen=True)
class PublishedAdapter:
    """What the endpoint must find under the training's prefix."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Training:
    """One training. `attempt` counts from 1; `preset` None: before there were any.

    `base_model` is the id of what it learns on; None: the default, before there was a choice.
    """

    id: str
    subject_id: str
    owner: str
    created_at: datetime
    updated_at: datetime
    state: TrainingState = TrainingState.QUEUED
    attempt: int = 1
    failure: Failure | None = None
    adapter: PublishedAdapter | None = None
    preset: PresetName | None = None
    scores: AdapterScores | None = None
    base_model: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether it may still come to something."""
        return self.state in ACTIVE_TRAINING_STATES


def job_name(training_id: str, attempt: int) -> str:
    """The SageMaker job of one attempt: job names take no underscores, and are used once."""
    return f"{training_id.replace('_', '-')}-{attempt}"


def training_of_job(name: str) -> tuple[str, int] | None:
    """Training id and attempt of a job's name, or None for a job that is not ours."""
    prefix, _, rest = name.partition("-")
    ulid, _, attempt = rest.partition("-")
    if prefix != "trn" or not ulid or not attempt.isascii() or not attempt.isdigit():
        return None
    return f"trn_{ulid}", int(attempt)
