"""Generations, and the other shapes in which clients may read one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from contract.generation_source import MaskSource
from lambdas.domain.generation import FinishReason, GenerationState
from lambdas.domain.source_plan import InitImageMode
from lambdas.openapi.answers.common import AnswerModel, Failure


class Advice(AnswerModel):
    """Advice on a request that was accepted."""

    code: str
    pointer: str
    detail: str


class GenerationSummary(AnswerModel):
    """A generation without its words and images."""

    id: str
    subject_id: str | None
    model: Annotated[str | None, Field(description="What draws it, of GET /models.")]
    state: GenerationState
    warming_since: datetime | None
    deadline: datetime | None
    seeds: list[int]
    warnings: list[Advice]
    failure: Failure | None
    created_at: datetime
    updated_at: datetime
    expires_at: Annotated[
        datetime | None, Field(description="When it is removed, with its images and words.")
    ]


class Artifact(AnswerModel):
    """One image. `url` is a short-lived link, there only if the image was released."""

    id: str
    seed: int
    finish_reason: FinishReason
    url: str | None
    identity_score: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="How much the face looks like the subject's; null without a face, and "
            "where the subject is no person.",
        ),
    ]


class WeightedText(AnswerModel):
    """Words and how much they count."""

    text: str
    weight: float


class OutpaintedSides(AnswerModel):
    """Pixels that were added on each side."""

    left: int
    right: int
    up: int
    down: int


class GenerationRequest(AnswerModel):
    """The request as it was understood, defaults filled in.

    A hosted model chooses guidance, steps and sampler itself: they are null then.
    """

    text_prompts: list[WeightedText]
    cfg_scale: float | None
    steps: int | None
    seed: int
    samples: int
    width: int
    height: int
    sampler: Annotated[
        str | None, Field(description="Null where the quality, or a hosted model, has its own.")
    ]
    quality: Annotated[
        Literal["few_step"] | None, Field(description="Null where steps say all there is to say.")
    ]
    style_preset: str | None
    init_image: Annotated[
        str | None,
        Field(description="The id of what it began with; `inline` for a file in the request."),
    ]
    init_image_mode: InitImageMode | None
    image_strength: float | None
    step_schedule_start: float | None
    step_schedule_end: float | None
    mask_image: str | None
    mask_source: MaskSource | None
    outpaint: OutpaintedSides | None
    upscale: int | None


class Estimate(AnswerModel):
    """Seconds from now until the images are there, told from the latest generations' times."""

    seconds: Annotated[int, Field(ge=0, description="As likely earlier as later.")]
    at_most_seconds: Annotated[int, Field(ge=0, description="Nine of ten are there by then.")]


class Waiting(AnswerModel):
    """Where a queued or warming generation stands."""

    position: Annotated[
        int | None, Field(ge=1, description="1 is the next; null in a line too long to count.")
    ]
    estimate: Annotated[
        Estimate | None, Field(description="Null until enough generations have been measured.")
    ]


class Generation(GenerationSummary):
    """All of a generation."""

    waiting: Annotated[
        Waiting | None, Field(description="Only while it is queued or warming, else null.")
    ]
    artifacts: list[Artifact]
    request: GenerationRequest


class StabilityArtifact(AnswerModel):
    """One image, base64; empty if it was withheld."""

    seed: int
    base64: str
    finishReason: FinishReason  # noqa: N815 - Stability's name


class StabilityAnswer(AnswerModel):
    """The shape that clients of Stability parse."""

    result: Literal["success"]
    artifacts: list[StabilityArtifact]


class JumpStartAnswer(AnswerModel):
    """The shape that clients of SageMaker JumpStart parse: released images, base64."""

    generated_images: list[str]
    prompt: str
