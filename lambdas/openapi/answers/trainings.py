"""Trainings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from contract.training_presets import PresetName
from lambdas.domain.training import TrainingState
from lambdas.openapi.answers.common import AnswerModel, Failure


class TrainingProgress(AnswerModel):
    """What the training job last reported."""

    phase: str
    step: int
    max_steps: int
    loss: float | None
    updated_at: datetime


class TrainingScores(AnswerModel):
    """How pictures of the published checkpoint compare, on fixed prompts and seeds."""

    measure: Annotated[str, Field(description="What compared: `clip`, or `low-frequencies`.")]
    step: Annotated[int, Field(description="The step whose weights were published.")]
    identity: Annotated[
        float,
        Field(description="Similarity to photos held out; 1: as alike as the photos themselves."),
    ]
    prompt_fidelity: Annotated[
        float | None,
        Field(description="Similarity to the prompts; 1: as the base model without the subject."),
    ]
    likeness: Annotated[
        float,
        Field(description="Share of the way from any member of the class (0) to the subject (1)."),
    ]
    score: Annotated[float, Field(description="What the published checkpoint had most of.")]


class Training(AnswerModel):
    """A training of a subject; `attempt` rises when a lost machine was replaced."""

    id: str
    subject_id: str
    state: TrainingState
    attempt: int
    preset: PresetName | None
    base_model: Annotated[str | None, Field(description="What it learns on, of GET /models.")]
    progress: TrainingProgress | None
    scores: TrainingScores | None
    failure: Failure | None
    created_at: datetime
    updated_at: datetime
