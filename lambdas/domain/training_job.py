"""What a training's SageMaker job is told."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from contract.base_model import Family
from contract.training_job import Hyperparameters, Precision, SubjectKind
from contract.training_presets import PRESETS

if TYPE_CHECKING:
    from lambdas.domain.settings import BaseModelSettings, DomainSettings
    from lambdas.domain.subject import Subject
    from lambdas.domain.training import Training

# A lost machine costs at most this share of the work, and at most this many steps.
_CHECKPOINTS_PER_TRAINING = 10
_MAX_STEPS_BETWEEN_CHECKPOINTS = 100


def hyperparameters(
    training: Training, subject: Subject, base: BaseModelSettings, settings: DomainSettings
) -> Hyperparameters:
    """The settings of a job: the base model's recipe for this subject, as its preset has it.

    The seed comes from the training, so that its attempts repeat each other and another training
    of the same photos may turn out differently.
    """
    recipe = settings.recipe_of(base)
    name = training.preset or settings.training.preset
    preset = PRESETS[name]
    max_steps = preset.max_steps(recipe.max_steps)
    steps_between = max_steps // _CHECKPOINTS_PER_TRAINING
    values: dict[str, Any] = {
        "training_id": training.id,
        "subject_id": subject.id,
        "kind": SubjectKind(subject.kind.value),
        "class_noun": subject.class_noun,
        "base_model_id": base.id,
        "max_steps": max_steps,
        "rank": recipe.rank,
        "learning_rate": recipe.learning_rate,
        "resolution": recipe.resolution,
        "batch_size": recipe.batch_size,
        "seed": int.from_bytes(hashlib.sha256(training.id.encode()).digest()[:4], "big"),
        "checkpoint_every": max(1, min(_MAX_STEPS_BETWEEN_CHECKPOINTS, steps_between)),
        "likeness_floor": settings.training.likeness_floor,
        # Adam's states and SDXL's activations fit into 24 GB only so.
        "precision": Precision.FP32 if base.precision == "fp32" else Precision.AUTO,
        "gradient_checkpointing": base.family != Family.SD,
    }
    overrides = settings.training.presets.get(name, {})
    return Hyperparameters(**{**values, **recipe.ingredients, **preset.switches, **overrides})
