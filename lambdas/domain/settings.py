"""The rules that differ between environments: DOMAIN_SETTINGS, as deployment passes it.

The `domain` block of an environment in `cdk.json`, with its base model. Unknown keys are refused,
so a misspelt setting stops the function at its start instead of being ignored.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from contract.errors import InvalidDocumentError
from contract.training_job import Hyperparameters
from contract.training_presets import PresetName
from lambdas.domain.subject import SubjectKind

_Overrides = dict[PresetName, dict[str, bool | int | float | str]]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PhotoMinimum(_Block):
    """How many accepted photos a training of each kind needs."""

    person: int = Field(ge=1)
    pet: int = Field(ge=1)
    object: int = Field(ge=1)
    style: int = Field(default=4, ge=1)

    def of(self, kind: SubjectKind) -> int:
        """The minimum of that kind."""
        minimum: int = getattr(self, kind.value)
        return minimum


class PhotoSettings(_Block):
    """`max_bytes` per upload; `min_side` in pixels; an unused upload slot lapses after its TTL."""

    minimum: PhotoMinimum
    maximum: int = Field(ge=1, le=50)
    max_bytes: int = Field(ge=1)
    min_side: int = Field(ge=1)
    upload_ttl_seconds: int = Field(ge=1, le=3600)


class ModerationSettings(_Block):
    """Rekognition's confidences are 0–100, Comprehend's scores 0–1."""

    photo_min_confidence: float = Field(ge=0, le=100)
    image_min_confidence: float = Field(ge=0, le=100)
    toxicity_threshold: float = Field(ge=0, le=1)


class Recipe(_Block):
    """What fits the base model. Presets stretch `max_steps` and set everything else."""

    max_steps: int = Field(ge=1)
    rank: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    resolution: int = Field(ge=8)
    batch_size: int = Field(ge=1)


class TrainingSettings(_Block):
    """How often a training is tried, how long it may run and wait for capacity, and what it is.

    `preset` is the one that a request without a wish gets; a training whose likeness stays below
    `likeness_floor` fails instead of being published (0: none does).
    """

    max_attempts: int = Field(ge=1)
    max_runtime_seconds: int = Field(ge=1)
    max_wait_seconds: int = Field(ge=1)
    recipe: Recipe
    preset: PresetName = PresetName.BALANCED
    # Per preset, hyperparameters that differ here.
    presets: _Overrides = Field(default_factory=dict)
    likeness_floor: float = Field(default=0.0, ge=0, le=1)

    @field_validator("presets")
    @classmethod
    def _known(cls, presets: _Overrides) -> _Overrides:
        try:
            for overrides in presets.values():
                Hyperparameters.check(overrides)
        except InvalidDocumentError as error:
            raise ValueError(str(error)) from error
        return presets


class GenerationSettings(_Block):
    """Bounds of a generation: the prompt, the request's life in the queue, the links' life."""

    max_prompt_chars: int = Field(ge=1)
    request_ttl_seconds: int = Field(ge=60, le=21600)
    link_ttl_seconds: int = Field(ge=1, le=43200)


class RetentionDays(_Block):
    """How long things are kept; absent (CDK drops nulls): until their owner deletes them."""

    images: int | None = Field(default=None, ge=1)
    adapters: int | None = Field(default=None, ge=1)


class Limits(_Block):
    """What one user may have at once."""

    subjects_per_user: int = Field(ge=1)
    active_trainings_per_user: int = Field(ge=1)
    active_generations_per_user: int = Field(ge=1)


class BaseModelSettings(_Block):
    """The base model on offer; `sizes` are [width, height] in pixels."""

    id: str
    family: str
    sizes: tuple[tuple[int, int], ...] = Field(min_length=1)
    default_negative_prompt: str
    precision: str


class DomainSettings(_Block):
    """All of it."""

    photos: PhotoSettings
    moderation: ModerationSettings
    training: TrainingSettings
    generation: GenerationSettings
    retention_days: RetentionDays
    limits: Limits
    base_model: BaseModelSettings
