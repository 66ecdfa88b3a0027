"""What is on offer: styles and models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lambdas.openapi.answers.common import AnswerModel


class Health(AnswerModel):
    """The API answers."""

    status: Literal["ok"]


class Style(AnswerModel):
    """A style preset."""

    name: str
    description: str
    thumbnail: Annotated[
        str | None, Field(description="What it looks like, 128 pixels wide: a data URL of WebP.")
    ]


class Size(AnswerModel):
    """Pixels."""

    width: int
    height: int


class Bounds(AnswerModel):
    """What a number may be, and what it is unless given."""

    minimum: float
    maximum: float
    default: float


class ModelBounds(AnswerModel):
    """The numbers of a generation."""

    cfg_scale: Bounds | None
    steps: Bounds | None
    samples: Bounds


class FewStep(AnswerModel):
    """What `quality: few_step` takes instead of the ordinary bounds."""

    steps: Bounds
    cfg_scale: Bounds


class Model(AnswerModel):
    """A model and what it accepts.

    One that is hosted elsewhere draws what has no `subject_id`. It chooses guidance, steps, sampler
    and precision itself: they are null or empty, and a request that names one is refused.
    """

    id: str
    family: str
    hosted: Annotated[bool, Field(description="Drawn elsewhere; true: words without a subject.")]
    licence: Annotated[str, Field(description="Under which terms its makers let it be used.")]
    is_default: Annotated[bool, Field(description="Whether it is taken where none is named.")]
    precision: str | None
    subject_token: Annotated[str, Field(description="Stands for the subject in a text.")]
    default_negative_prompt: Annotated[
        str, Field(description="Put before a request's own, where guidance is 1 or more.")
    ]
    sizes: list[Size]
    aspects: dict[str, Size]
    samplers: list[str]
    bounds: ModelBounds
    default_size: Size
    default_sampler: str | None
    quality_steps: dict[str, int]
    few_step: Annotated[FewStep | None, Field(description="Null: this model has no few-step tier.")]
    max_prompt_characters: int
    max_output_pixels: Annotated[
        int,
        Field(description="Of all samples together, with the sides that are added, enlarged."),
    ]
