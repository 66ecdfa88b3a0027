"""The rules that differ between environments: DOMAIN_SETTINGS, as deployment passes it.

The `domain` block of an environment in `cdk.json`, with its base model. Unknown keys are refused,
so a misspelt setting stops the function at its start instead of being ignored.
"""

from __future__ import annotations

from pydantic import Field

from lambdas.domain.prompt_settings import PromptSettings
from lambdas.domain.settings_block import SettingsBlock
from lambdas.domain.subject import SubjectKind


class PhotoMinimum(SettingsBlock):
    """How many accepted photos a training of each kind needs."""

    person: int = Field(ge=1)
    pet: int = Field(ge=1)
    object: int = Field(ge=1)
    style: int = Field(default=4, ge=1)

    def of(self, kind: SubjectKind) -> int:
        """The minimum of that kind."""
        minimum: int = getattr(self, kind.value)
        return minimum


class PhotoSettings(SettingsBlock):
    """`max_bytes` per upload; `min_side` in pixels; an unused upload slot lapses after its TTL."""

    minimum: PhotoMinimum
    maximum: int = Field(ge=1, le=50)
    max_bytes: int = Field(ge=1)
    min_side: int = Field(ge=1)
    upload_ttl_seconds: int = Field(ge=1, le=3600)


class ModerationSettings(SettingsBlock):
    """Rekognition's confidences are 0–100, the scores of texts 0–1."""

    photo_min_confidence: float = Field(ge=0, le=100)
    image_min_confidence: float = Field(ge=0, le=100)
    prompts: PromptSettings = PromptSettings()


class Recipe(SettingsBlock):
    """The hyperparameters of a training."""

    max_steps: int = Field(ge=1)
    rank: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    resolution: int = Field(ge=8)
    batch_size: int = Field(ge=1)


class TrainingSettings(SettingsBlock):
    """How often a training is tried and how long it may run and wait for capacity."""

    max_attempts: int = Field(ge=1)
    max_runtime_seconds: int = Field(ge=1)
    max_wait_seconds: int = Field(ge=1)
    recipe: Recipe


class GenerationSettings(SettingsBlock):
    """Bounds of a generation: the prompt, the request's life in the queue, the links' life."""

    max_prompt_chars: int = Field(ge=1)
    request_ttl_seconds: int = Field(ge=60, le=21600)
    link_ttl_seconds: int = Field(ge=1, le=43200)


class RetentionDays(SettingsBlock):
    """How long things are kept; absent (CDK drops nulls): until their owner deletes them."""

    images: int | None = Field(default=None, ge=1)
    adapters: int | None = Field(default=None, ge=1)


class Limits(SettingsBlock):
    """What one user may have at once."""

    subjects_per_user: int = Field(ge=1)
    active_trainings_per_user: int = Field(ge=1)
    active_generations_per_user: int = Field(ge=1)


class BaseModelSettings(SettingsBlock):
    """The base model on offer; `sizes` are [width, height] in pixels."""

    id: str
    family: str
    sizes: tuple[tuple[int, int], ...] = Field(min_length=1)
    default_negative_prompt: str
    precision: str


class DomainSettings(SettingsBlock):
    """All of it."""

    photos: PhotoSettings
    moderation: ModerationSettings
    training: TrainingSettings
    generation: GenerationSettings
    retention_days: RetentionDays
    limits: Limits
    base_model: BaseModelSettings
