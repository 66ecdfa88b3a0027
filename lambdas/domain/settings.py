"""The rules that differ between environments, as deployment passes them (`lambdas.environment`).

The `domain` block of an environment in `cdk.json`, with its base models. Unknown keys are refused,
so a misspelt setting stops the function at its start instead of being ignored.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from contract.errors import InvalidDocumentError
from contract.generation import MAX_PROMPT_CHARACTERS
from contract.training_job import Hyperparameters
from contract.training_presets import PresetName
from lambdas.domain.few_step import FewStepSettings
from lambdas.domain.hosted_models import BY_MODEL_ID, HostedModel
from lambdas.domain.image_settings import ImageSettings
from lambdas.domain.prompt_settings import PromptSettings
from lambdas.domain.quota import Metered
from lambdas.domain.settings_block import SettingsBlock
from lambdas.domain.subject import SubjectKind

Percent = Annotated[float, Field(ge=0, le=100)]
Degrees = Annotated[float, Field(ge=0, le=180)]
_Hyperparameters = dict[str, bool | int | float | str]
_Overrides = dict[PresetName, _Hyperparameters]


def _checked(given: _Hyperparameters) -> _Hyperparameters:
    try:
        Hyperparameters.check(given)
    except InvalidDocumentError as error:
        raise ValueError(str(error)) from error
    return given


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


class _LightRange(SettingsBlock):
    """How bright a thing may be, 0 (black) to 100 (white)."""

    min_brightness: Percent
    max_brightness: Percent

    @model_validator(mode="after")
    def _in_order(self) -> _LightRange:
        if self.min_brightness >= self.max_brightness:
            raise ValueError("min_brightness must be below max_brightness")
        return self


class FaceRules(_LightRange):
    """What the one face of a person's photo must be like, as DetectFaces measures it.

    `min_pixels`: the longer side of its box in the kept picture. Degrees are away from the camera.
    A face counts as covered or behind sunglasses from that confidence on.
    """

    min_confidence: Percent
    min_pixels: int = Field(ge=1)
    min_sharpness: Percent
    max_yaw: Degrees
    max_pitch: Degrees
    max_roll: Degrees
    occluded_confidence: Percent
    sunglasses_confidence: Percent


class PictureRules(_LightRange):
    """What photos of pets and things must be like, as `lambdas.domain.measuring` measures it."""

    min_sharpness: Percent


class SetRules(SettingsBlock):
    """What the photos must be like together.

    `duplicate_distance`: hashes that differ in so many of their 63 bits or fewer are of one
    picture. `same_person_similarity`: what CompareFaces must reach. `min_score`: how varied the
    set must be to be learned, 0–100.
    """

    duplicate_distance: int = Field(ge=0, le=31)
    same_person_similarity: Percent
    min_score: int = Field(ge=0, le=100)


class PhotoSettings(SettingsBlock):
    """`max_bytes` per upload; `min_side` in pixels; an unused upload slot lapses after its TTL."""

    minimum: PhotoMinimum
    maximum: int = Field(ge=1, le=50)
    max_bytes: int = Field(ge=1)
    # Decoding takes up to eight bytes a pixel: more would not fit into the intake function.
    max_megapixels: int = Field(ge=1, le=50)
    min_side: int = Field(ge=1)
    upload_ttl_seconds: int = Field(ge=1, le=3600)
    face: FaceRules
    picture: PictureRules
    set: SetRules

    @model_validator(mode="after")
    def _enough_places(self) -> PhotoSettings:
        for kind in SubjectKind:
            if self.minimum.of(kind) > self.maximum:
                raise ValueError(f"minimum.{kind.value} is above maximum: it could not be reached")
        return self


class CelebrityPolicy(StrEnum):
    """What happens to photos of people whom RecognizeCelebrities knows."""

    BLOCK = "block"
    REVIEW = "review"
    ALLOW = "allow"


class ViolationRules(SettingsBlock):
    """From how many violations on an account is slowed, then blocked; see `domain.standing`.

    Their weight halves every `half_life_hours`; the first pause is `pause_seconds`.
    """

    half_life_hours: int = Field(default=24, ge=1, le=720)
    slow_at: int = Field(default=5, ge=1)
    block_at: int = Field(default=20, ge=2)
    pause_seconds: int = Field(default=30, ge=1, le=3600)

    @model_validator(mode="after")
    def _in_order(self) -> ViolationRules:
        if self.slow_at >= self.block_at:
            raise ValueError("slow_at must be below block_at: nobody is blocked without a warning")
        return self


class ModerationSettings(SettingsBlock):
    """Rekognition's confidences are 0–100, the scores of texts 0–1.

    `minimum_age`: a face is a minor's if the range that its age is in begins below.
    """

    photo_min_confidence: Percent
    minimum_age: int = Field(ge=0, le=100)
    celebrities: CelebrityPolicy
    celebrity_min_confidence: Percent
    images: ImageSettings
    prompts: PromptSettings = PromptSettings()
    violations: ViolationRules = ViolationRules()


class Recipe(SettingsBlock):
    """What fits the base model. Presets stretch `max_steps` and set everything else.

    `ingredients` are hyperparameters that differ for this base model, whatever the preset.
    """

    max_steps: int = Field(ge=1)
    rank: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    resolution: int = Field(ge=8)
    batch_size: int = Field(ge=1)
    ingredients: _Hyperparameters = Field(default_factory=dict)

    @field_validator("ingredients")
    @classmethod
    def _known(cls, ingredients: _Hyperparameters) -> _Hyperparameters:
        return _checked(ingredients)


class TrainingSettings(SettingsBlock):
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
        return {name: _checked(overrides) for name, overrides in presets.items()}


class ProvenanceSettings(SettingsBlock):
    """Which marks a released image carries. What carries one is recognised even after it is off."""

    watermark: bool = True
    content_credentials: bool = True


class HostedModelSettings(SettingsBlock):
    """A model of Amazon Bedrock, by Bedrock's id, where it is invoked, and how often at once.

    The region is part of the choice: the words leave the deployment's own if it is another.
    """

    model: str
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    concurrency: int = Field(default=2, ge=2, le=1000)

    @field_validator("model")
    @classmethod
    def _known(cls, model: str) -> str:
        if model not in BY_MODEL_ID:
            raise ValueError(f"not one of {', '.join(BY_MODEL_ID)}")
        return model

    @property
    def offered(self) -> HostedModel:
        """What it takes."""
        return BY_MODEL_ID[self.model]


class BedrockBackend(SettingsBlock):
    """Bedrock draws."""

    bedrock: HostedModelSettings


class GenerationSettings(SettingsBlock):
    """Bounds of a generation: the prompt, the request's life in the queue, the links' life.

    `negative_prompt`: what this environment steers every picture away from, beside what its base
    model does. `max_output_pixels`: of all samples of a request together, after adding sides and
    enlarging; by default those of one of 4096 × 4096: at the worst, 67 MB of base64.
    `subjectless_backend`: who draws words without a subject.
    """

    max_prompt_chars: int = Field(ge=1)
    negative_prompt: str = Field(default="", max_length=MAX_PROMPT_CHARACTERS // 2)
    max_output_pixels: int = Field(default=4096 * 4096, ge=64 * 64, le=4096 * 4096)
    request_ttl_seconds: int = Field(ge=60, le=21600)
    link_ttl_seconds: int = Field(ge=1, le=43200)
    subjectless_backend: Literal["endpoint"] | BedrockBackend = "endpoint"

    @property
    def hosted(self) -> HostedModelSettings | None:
        """The hosted model, if one draws what has no subject."""
        backend = self.subjectless_backend
        return backend.bedrock if isinstance(backend, BedrockBackend) else None


class RetentionDays(SettingsBlock):
    """How long things are kept; absent (CDK drops nulls): until their owner deletes them.

    `photos` from their acceptance or refusal, `adapters` from the end of their training, `images`
    (a generation that shows some) and `requests` (one that shows none) from the generation's end.
    `uploads` for generations from their verdict on: each generation has a copy of its own.
    `receipts` of erasures outlive what they tell of, and hold nothing of it.
    """

    photos: int | None = Field(default=None, ge=1)
    adapters: int | None = Field(default=None, ge=1)
    images: int | None = Field(default=None, ge=1)
    requests: int | None = Field(default=None, ge=1)
    uploads: int = Field(default=1, ge=1)
    receipts: int = Field(default=400, ge=1)


class ErasureSettings(SettingsBlock):
    """When a subject or an account that is deleted is gone at the latest, everywhere."""

    deadline_hours: int = Field(default=24, ge=1)


class DailyQuotas(SettingsBlock):
    """What one user may begin in a day; 0: nothing of it."""

    subjects: int = Field(ge=0)
    uploads: int = Field(ge=0)
    trainings: int = Field(ge=0)
    generations: int = Field(ge=0)
    images: int = Field(ge=0)
    verifications: int = Field(ge=0)

    def of(self, metered: Metered) -> int:
        """The quota of that."""
        quota: int = getattr(self, metered.value)
        return quota


class Limits(SettingsBlock):
    """What one user may have at once, and begin in a day."""

    subjects_per_user: int = Field(ge=1)
    active_trainings_per_user: int = Field(ge=1)
    active_generations_per_user: int = Field(ge=1)
    per_day: DailyQuotas


class BaseModelSettings(SettingsBlock):
    """A base model on offer; `sizes` are [width, height] in pixels, `licence` names its terms.

    `few_step`: what its distilled adapter allows, if it was published with one.
    """

    id: str
    family: str
    licence: str = Field(min_length=1)
    sizes: tuple[tuple[int, int], ...] = Field(min_length=1)
    default_negative_prompt: str = Field(max_length=MAX_PROMPT_CHARACTERS // 2 - 2)
    precision: str
    few_step: FewStepSettings | None = None


class MoreBaseModel(BaseModelSettings):
    """One beside the default; its `recipe` stands in for the one of `training`."""

    recipe: Recipe


class DomainSettings(SettingsBlock):
    """All of it."""

    photos: PhotoSettings
    moderation: ModerationSettings
    training: TrainingSettings
    generation: GenerationSettings
    provenance: ProvenanceSettings = ProvenanceSettings()
    retention_days: RetentionDays
    erasure: ErasureSettings = ErasureSettings()
    limits: Limits
    base_model: BaseModelSettings
    more_base_models: tuple[MoreBaseModel, ...] = ()

    @model_validator(mode="after")
    def _deadline_can_be_kept(self) -> DomainSettings:
        """A request may wait for the endpoint that long and be worked on for an hour after that."""
        hours = self.generation.request_ttl_seconds / 3600 + 1
        if self.erasure.deadline_hours < hours + 1:
            raise ValueError(
                f"erasure.deadline_hours: an answer may come {hours:g} hours after its request; "
                "allow an hour more"
            )
        return self

    @property
    def base_models(self) -> tuple[BaseModelSettings, ...]:
        """All that are on offer, the default first."""
        return (self.base_model, *self.more_base_models)

    def find_base(self, base_id: str | None) -> BaseModelSettings | None:
        """The base model of that id, if it is on offer; without an id, the default."""
        if base_id is None:
            return self.base_model
        return next((base for base in self.base_models if base.id == base_id), None)

    def recipe_of(self, base: BaseModelSettings) -> Recipe:
        """How adapters for that base model are trained."""
        return base.recipe if isinstance(base, MoreBaseModel) else self.training.recipe

    def negative_prompt_of(self, base: BaseModelSettings) -> str:
        """What pictures are steered away from here: by the base model, then by the environment."""
        texts = (base.default_negative_prompt, self.generation.negative_prompt)
        return ", ".join(text for text in texts if text)
