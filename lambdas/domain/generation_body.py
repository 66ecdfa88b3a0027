"""The body of `POST /generations`: names and bounds that clients of Stable Diffusion send.

Three spellings of the words are taken, exactly one per request:

    text_prompts [{text, weight}]           Stability's
    prompt, negative_prompt                 SageMaker JumpStart's, with guidance_scale,
                                            num_inference_steps, num_images_per_prompt
    image_type, description, style          the structured prompt of prompt guides

This module checks form and bounds of each field. What depends on the environment, or on two fields
at once, is `generation_plan`.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from contract.generation import (
    MAX_CFG_SCALE,
    MAX_SAMPLES,
    MAX_SEED,
    MAX_SIDE,
    MAX_WEIGHT,
    Sampler,
)
from contract.generation_source import MAX_OUTPAINT, OUTPAINT_MULTIPLE, MaskSource, Outpaint
from lambdas.domain.picture_reference import MAX_CHARACTERS, NotAReference, read_reference
from lambdas.domain.source_plan import InitImageMode
from lambdas.domain.styles import PRESETS, canonical_name

MIN_STEPS, MAX_STEPS = 10, 50
STEPS_OF_QUALITY = {"draft": 15, "standard": 30, "high": 50}
MAX_TEXT_PROMPTS = 15

Quality = Literal["draft", "standard", "high", "few_step"]
Precision = Literal["fp32", "fp16", "bf16", "draft", "standard", "high"]
Aspect = Literal[
    "square",
    "fullscreen",
    "widescreen",
    "ultrawide",
    "mobile_landscape",
    "mobile_portrait",
    "tall",
]
ClipGuidancePreset = Literal[
    "FAST_BLUE", "FAST_GREEN", "NONE", "SIMPLE", "SLOW", "SLOWER", "SLOWEST"
]


# Categories of Unicode without anything to see: spaces, and what joins or turns its neighbours.
_UNSEEN = {"Zs", "Zl", "Zp", "Cf"}


def _known_style(name: str) -> str:
    canonical = canonical_name(name)
    if canonical not in PRESETS:
        raise PydanticCustomError("not_allowed", "must be one of the presets of GET /styles")
    return canonical


def _words(text: str) -> str:
    """The text in its composed form, so that one look has one spelling when it is screened."""
    composed = unicodedata.normalize("NFC", text).strip()
    kinds = {unicodedata.category(character) for character in _without_space(composed)}
    if kinds <= _UNSEEN:
        raise PydanticCustomError("blank", "must hold words")
    if kinds & {"Cs", "Cc"}:
        raise PydanticCustomError("not_text", "holds characters that are not text")
    return composed


def _noticeable(number: float | None) -> float | None:
    """Without digits that no picture shows; DynamoDB takes no number below 1E-130."""
    return None if number is None else round(number, 6) or 0.0  # nor -0.0


def _none_if_blank(value: Any) -> Any:
    """JumpStart's clients send an empty negative prompt where they have none."""
    return None if isinstance(value, str) and not value.strip() else value


def _names_a_picture(text: str) -> str:
    try:
        read_reference(text)
    except NotAReference as wrong:
        raise PydanticCustomError(wrong.code, str(wrong)) from None
    return text


def _factor(value: Any) -> Any:
    """True means 2, and false that nothing is enlarged."""
    return (2 if value else None) if isinstance(value, bool) else value


def _without_space(text: str) -> str:
    return text.translate({ord(space): None for space in "\n\r\t"})


def _empty(value: Any) -> Any:
    if value in (None, {}, [], ""):
        return None
    raise PydanticCustomError("not_supported", "must be empty: extras have no meaning here")


# What the types below raise is told to callers by its code.
Words = Annotated[str, AfterValidator(_words)]
NamedPicture = Annotated[str, AfterValidator(_names_a_picture)]
Side = Annotated[int, Field(ge=0, le=MAX_OUTPAINT, multiple_of=OUTPAINT_MULTIPLE)]
_ADVANCED: JsonDict = {"x-advanced": True}


class TextPrompt(BaseModel):
    """Words and how much they count; a negative weight says what to steer away from."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Words
    weight: float = Field(default=1.0, ge=-MAX_WEIGHT, le=MAX_WEIGHT, allow_inf_nan=False)

    _rounded = field_validator("weight")(_noticeable)


class OutpaintSides(BaseModel):
    """Pixels to add on each side, multiples of 8."""

    model_config = ConfigDict(extra="forbid", strict=True)

    left: Side = 0
    right: Side = 0
    up: Side = 0
    down: Side = 0

    @property
    def sides(self) -> Outpaint:
        """As the endpoint is told."""
        return Outpaint(self.left, self.right, self.up, self.down)


class GenerationBody(BaseModel):
    """What a client may send. Every field may be left out or null, but some words must be there."""

    model_config = ConfigDict(extra="forbid", strict=True)

    subject_id: str | None = Field(
        default=None, max_length=64, description="A ready subject; absent: the base model alone."
    )
    model: str | None = Field(
        default=None,
        max_length=64,
        description="A base model of GET /models; by default the one that the subject was learned "
        "on, and without a subject the first.",
    )
    text_prompts: list[TextPrompt] | None = Field(
        default=None, min_length=1, max_length=MAX_TEXT_PROMPTS
    )
    cfg_scale: float | None = Field(
        default=None,
        ge=0,
        le=MAX_CFG_SCALE,
        allow_inf_nan=False,
        description="How closely to follow the words; 7 unless given.",
        json_schema_extra=_ADVANCED,
    )
    steps: int | None = Field(
        default=None,
        ge=1,
        le=MAX_STEPS,
        description=f"{MIN_STEPS}–{MAX_STEPS}; with few_step, what GET /models declares.",
        json_schema_extra=_ADVANCED,
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SEED,
        description="0 or absent: drawn, and returned.",
        json_schema_extra=_ADVANCED,
    )
    samples: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    width: int | None = Field(default=None, json_schema_extra=_ADVANCED)
    height: int | None = Field(default=None, json_schema_extra=_ADVANCED)
    aspect: Aspect | None = None
    sampler: Annotated[Sampler, Field(strict=False)] | None = Field(
        default=None, json_schema_extra=_ADVANCED
    )
    style_preset: Annotated[str, AfterValidator(_known_style)] | None = Field(
        default=None, json_schema_extra={"enum": [*PRESETS, "animé", None]}
    )
    clip_guidance_preset: ClipGuidancePreset | None = Field(
        default=None, json_schema_extra=_ADVANCED
    )
    extras: Annotated[Any, BeforeValidator(_empty)] = Field(
        default=None, description="Must be empty.", json_schema_extra=_ADVANCED
    )
    quality: Quality | None = Field(
        default=None,
        description="How many steps, by name; few_step: by the base model's distilled adapter.",
    )
    precision: Precision | None = Field(
        default=None,
        description="The environment's number format, or the same names as quality.",
        json_schema_extra=_ADVANCED,
    )

    prompt: Words | None = None
    negative_prompt: Annotated[Words | None, BeforeValidator(_none_if_blank)] = None
    guidance_scale: float | None = Field(
        default=None, ge=0, le=MAX_CFG_SCALE, allow_inf_nan=False, json_schema_extra=_ADVANCED
    )
    num_inference_steps: int | None = Field(
        default=None, ge=1, le=MAX_STEPS, json_schema_extra=_ADVANCED
    )
    num_images_per_prompt: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)

    image_type: Words | None = Field(default=None, description="Such as: a portrait photograph.")
    description: Words | None = Field(default=None, description="What is to be seen.")
    style: Words | None = Field(default=None, description="Such as: impressionist, soft light.")

    init_image: NamedPicture | None = Field(
        default=None,
        max_length=MAX_CHARACTERS,
        description="What to begin with: an upload's id, the id of an image of yours, or the file, "
        "base64 or a data URL. All files in a request have at most 4 MB together.",
    )
    init_image_mode: Annotated[InitImageMode, Field(strict=False)] | None = Field(
        default=None,
        description="IMAGE_STRENGTH unless given, or unless a step_schedule is.",
        json_schema_extra=_ADVANCED,
    )
    image_strength: float | None = Field(
        default=None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Near 1 stays close to the init image; 0.35 unless given, 0 where a part is "
        "repainted or added.",
    )
    step_schedule_start: float | None = Field(
        default=None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="The share of noise to begin with: 1 - image_strength. 0.65 unless given.",
        json_schema_extra=_ADVANCED,
    )
    step_schedule_end: float | None = Field(
        default=None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="The share of noise at which drawing stops; 0 unless given.",
        json_schema_extra=_ADVANCED,
    )
    mask_image: NamedPicture | None = Field(
        default=None, max_length=MAX_CHARACTERS, description="What to repaint; named as init_image."
    )
    mask_source: Annotated[MaskSource, Field(strict=False)] | None = Field(
        default=None,
        description="Repainted is what is white, or black, in mask_image, or what is transparent "
        "in init_image.",
    )
    outpaint: OutpaintSides | None = Field(
        default=None,
        description="Pixels to add around the init image; no side of both together may have more "
        f"than {MAX_SIDE}.",
    )
    upscale: Annotated[
        Literal[2, 4] | None,
        BeforeValidator(_factor),
        WithJsonSchema({"enum": [2, 4, True, False, None]}),
    ] = Field(
        default=None,
        description="How many times as large the result, or an init image, becomes; true means 2.",
    )

    _rounded = field_validator(
        "cfg_scale", "guidance_scale", "image_strength", "step_schedule_start", "step_schedule_end"
    )(_noticeable)
