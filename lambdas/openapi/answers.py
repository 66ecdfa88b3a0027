"""The documents that the API answers with. A test holds every answer of the routes to these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from contract.generation_source import MaskSource
from contract.training_presets import PresetName
from lambdas.api.reviews import Preview
from lambdas.domain.audit import AuditAction
from lambdas.domain.generation import FinishReason, GenerationState
from lambdas.domain.marks import Evidence, Origin
from lambdas.domain.photo import PhotoState, RejectionCode
from lambdas.domain.photo_set import AdviceCode
from lambdas.domain.receipt import ErasureState
from lambdas.domain.review import Decision, ReportReason, ReviewReason, ReviewState
from lambdas.domain.source_plan import InitImageMode
from lambdas.domain.standing import StandingName
from lambdas.domain.subject import SubjectKind, SubjectState
from lambdas.domain.training import TrainingState
from lambdas.domain.upload import UploadPurpose, UploadRejection, UploadState

ItemT = TypeVar("ItemT")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Nothing(_Answer):
    """An empty object: it was accepted, and there is nothing to follow."""


class Page(_Answer, Generic[ItemT]):
    """Part of a list. `next_cursor` goes into `?cursor=` for the next part; null at the end."""

    items: list[ItemT]
    next_cursor: str | None


class FieldProblem(_Answer):
    """What is wrong with one field: where (RFC 6901), in words, as a stable code."""

    pointer: str
    detail: str
    code: str


class Problem(_Answer):
    """A refusal (RFC 9457). `code` is stable; `detail` is for people and may change."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] | None = None
    category: Annotated[
        str | None, Field(description="Of words that were refused: what they were taken for.")
    ] = None


class Health(_Answer):
    """The API answers."""

    status: Literal["ok"]


class Style(_Answer):
    """A style preset."""

    name: str
    description: str
    thumbnail: Annotated[
        str | None, Field(description="What it looks like, 128 pixels wide: a data URL of WebP.")
    ]


class Size(_Answer):
    """Pixels."""

    width: int
    height: int


class Bounds(_Answer):
    """What a number may be, and what it is unless given."""

    minimum: float
    maximum: float
    default: float


class ModelBounds(_Answer):
    """The numbers of a generation."""

    cfg_scale: Bounds | None
    steps: Bounds | None
    samples: Bounds


class FewStep(_Answer):
    """What `quality: few_step` takes instead of the ordinary bounds."""

    steps: Bounds
    cfg_scale: Bounds


class Model(_Answer):
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


class Consent(_Answer):
    """What was declared when the subject was made: by whom, for whom, in which words."""

    statement: str
    sha256: Annotated[str, Field(description="Of the statement: UTF-8, Unicode form C.")]
    version: str | None
    given_at: datetime
    given_by: str
    given_for: Annotated[str, Field(description="The subject's name as it was then.")]


class PhotoNumbers(_Answer):
    """How many photos are where, and how many a training needs."""

    accepted: int
    checking: int
    rejected: int
    minimum: int
    maximum: int


class Subject(_Answer):
    """Who or what is learned."""

    id: str
    name: str
    kind: SubjectKind
    class_noun: str
    state: SubjectState
    photos: PhotoNumbers
    active_training: str | None
    adapter_expires_at: Annotated[
        datetime | None, Field(description="When what was learned is removed.")
    ]
    adapter_expired_at: Annotated[
        datetime | None,
        Field(description="When it was removed, its time being over: it needs another training."),
    ]
    consent: Consent
    created_at: datetime


class UploadForm(_Answer):
    """A presigned POST: send `fields`, then the file as `file`, as multipart/form-data."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


class Photo(_Answer):
    """A photo; `code` and `reason` say why it was rejected, `url` shows it once accepted.

    One that is `in_review` waits for a moderator, and has a `reason` without a `code`.
    """

    id: str
    state: PhotoState
    content_type: str
    size_bytes: int
    created_at: datetime
    expires_at: Annotated[datetime | None, Field(description="When it is removed.")]
    code: RejectionCode | None = None
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    url: str | None = None


class PhotoSetAdvice(_Answer):
    """What would make the photos better to learn from, in words and as a stable code."""

    code: AdviceCode
    detail: str


class PhotoSet(_Answer):
    """The verdict on the accepted photos together; a training needs `minimum_score`."""

    score: Annotated[int, Field(ge=0, le=100)]
    minimum_score: int
    same_person: Annotated[bool, Field(description="False: some photos show somebody else.")]
    advice: list[PhotoSetAdvice]


class Photos(Page[Photo]):
    """Part of a subject's photos, and the verdict on all of them."""

    set: PhotoSet


class PhotoSlot(Photo):
    """A photo that waits for its upload."""

    upload: UploadForm


class PhotoSlots(_Answer):
    """One slot for each file that was asked for, in that order."""

    photos: list[PhotoSlot]


class Upload(_Answer):
    """An init image or a mask; `code` and `reason` say why it was rejected, `url` shows it once
    accepted."""

    id: str
    purpose: UploadPurpose
    state: UploadState
    content_type: str
    size_bytes: int
    created_at: datetime
    expires_at: Annotated[datetime | None, Field(description="When it is removed.")]
    code: UploadRejection | None = None
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    url: str | None = None


class UploadSlot(Upload):
    """An upload that waits for its file."""

    upload: UploadForm


class Failure(_Answer):
    """Why something ended badly: a stable code, and a sentence for people."""

    code: str
    reason: str


class TrainingProgress(_Answer):
    """What the training job last reported."""

    phase: str
    step: int
    max_steps: int
    loss: float | None
    updated_at: datetime


class TrainingScores(_Answer):
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


class Training(_Answer):
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


class Advice(_Answer):
    """Advice on a request that was accepted."""

    code: str
    pointer: str
    detail: str


class GenerationSummary(_Answer):
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


class Artifact(_Answer):
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


class WeightedText(_Answer):
    """Words and how much they count."""

    text: str
    weight: float


class OutpaintedSides(_Answer):
    """Pixels that were added on each side."""

    left: int
    right: int
    up: int
    down: int


class GenerationRequest(_Answer):
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


class Estimate(_Answer):
    """Seconds from now until the images are there, told from the latest generations' times."""

    seconds: Annotated[int, Field(ge=0, description="As likely earlier as later.")]
    at_most_seconds: Annotated[int, Field(ge=0, description="Nine of ten are there by then.")]


class Waiting(_Answer):
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


class StabilityArtifact(_Answer):
    """One image, base64; empty if it was withheld."""

    seed: int
    base64: str
    finishReason: FinishReason  # noqa: N815 - Stability's name


class StabilityAnswer(_Answer):
    """The shape that clients of Stability parse."""

    result: Literal["success"]
    artifacts: list[StabilityArtifact]


class JumpStartAnswer(_Answer):
    """The shape that clients of SageMaker JumpStart parse: released images, base64."""

    generated_images: list[str]
    prompt: str


class RemovedCount(_Answer):
    """How many of a kind were removed from a store, every version of an object counted."""

    store: str
    kind: str
    count: int


class SignedReceipt(_Answer):
    """Proof of a deletion. `signature` is base64 of the DER form, over the bytes of `document`."""

    document: Annotated[
        str, Field(description="JSON, to be checked as it is: what was removed, and when.")
    ]
    signature: str
    algorithm: Literal["ECDSA_SHA_256"]
    key_id: Annotated[str, Field(description="The KMS key, whose public half checks it.")]


class Erasure(_Answer):
    """How a deletion stands. While it is `waiting`, an answer of the endpoint may yet come."""

    id: str
    kind: Literal["subject", "account"]
    state: ErasureState
    requested_at: datetime
    erased_by: Annotated[datetime, Field(description="When all is gone at the latest.")]
    completed_at: datetime | None
    removed: list[RemovedCount] | None
    receipt: SignedReceipt | None


class Verification(_Answer):
    """Whether an image came from here."""

    from_here: Origin
    by: Annotated[list[Evidence], Field(description="What says so, or hints at it.")]
    when: Annotated[
        datetime | None, Field(description="When it was made; null if that is not kept any more.")
    ]
    generation_id: Annotated[
        str | None, Field(description="Told to its owner and to moderators only.")
    ]


class Numbers(_Answer):
    """How many of each."""

    subjects: int
    active_trainings: int
    active_generations: int


class Quota(_Answer):
    """How much of something a day brings; more of it is 429 `daily_quota_reached` until then."""

    used: int
    limit: int
    resets_at: datetime


class Quotas(_Answer):
    """What the caller may begin in a day of UTC; `uploads` are slots that were asked for, and
    pictures inside a request."""

    subjects: Quota
    uploads: Quota
    trainings: Quota
    generations: Quota
    images: Quota
    verifications: Quota


class Me(_Answer):
    """The caller's own usage and limits."""

    id: str
    groups: list[str]
    usage: Numbers
    limits: Numbers
    standing: Annotated[
        StandingName, Field(description="Whether violations of the rules slow or block it.")
    ]
    quotas: Quotas
    erasing: bool


class Label(_Answer):
    """A label of DetectModerationLabels; confidence 0–100."""

    name: str
    parent: str
    confidence: float


class ReviewDecision(_Answer):
    """What a moderator decided."""

    decision: Decision
    by: str
    at: datetime
    note: str | None


class ReviewSummary(_Answer):
    """What a moderator looks at: an image, a photo or, without either, a blocked account."""

    id: str
    state: ReviewState
    reason: Annotated[ReviewReason, Field(description="What last brought it into the queue.")]
    account_id: str
    generation_id: str | None
    image_id: str | None
    subject_id: str | None
    photo_id: str | None
    labels: list[Label]
    report_reason: ReportReason | None
    statement: Annotated[str | None, Field(description="The owner's words, screened.")]
    appealed: bool
    opened_at: datetime
    decision: Annotated[ReviewDecision | None, Field(description="The last one.")]


class AccountStanding(_Answer):
    """How an account stands; violations weigh half as much with every half-life."""

    standing: StandingName
    violations: float


class ReviewPreview(_Answer):
    """A link to the image or photo, for a minute."""

    kind: Preview
    url: str
    expires_at: datetime


class Review(ReviewSummary):
    """All of a review; `preview` is null for an account, once the picture is gone, and of
    a photo once it is decided."""

    account: AccountStanding
    preview: ReviewPreview | None


class AuditEntry(_Answer):
    """What a moderator did. `genuine` is false for an entry that is not what was written."""

    id: str
    at: datetime
    by: str
    action: AuditAction
    decision: Decision | None
    review_id: str
    account_id: str
    generation_id: str | None
    image_id: str | None
    subject_id: str | None
    photo_id: str | None
    before: dict[str, str]
    after: dict[str, str]
    note: Annotated[str | None, Field(description="Gone with the account that it is about.")]
    note_sha256: str | None
    genuine: bool


# What each operation answers when all went well.
ANSWERS: dict[str, Any] = {
    "GET /health": Health,
    "GET /styles": Page[Style],
    "GET /models": Page[Model],
    "POST /subjects": Subject,
    "GET /subjects": Page[Subject],
    "GET /subjects/{subject_id}": Subject,
    "PATCH /subjects/{subject_id}": Subject,
    "DELETE /subjects/{subject_id}": Erasure,
    "POST /subjects/{subject_id}/photos": PhotoSlots,
    "GET /subjects/{subject_id}/photos": Photos,
    "GET /subjects/{subject_id}/photos/{photo_id}": Photo,
    "DELETE /subjects/{subject_id}/photos/{photo_id}": Nothing,
    "POST /uploads": UploadSlot,
    "GET /uploads": Page[Upload],
    "GET /uploads/{upload_id}": Upload,
    "DELETE /uploads/{upload_id}": Nothing,
    "GET /me": Me,
    "DELETE /me": Erasure,
    "GET /erasures/{erasure_id}": Erasure,
    "POST /subjects/{subject_id}/trainings": Training,
    "GET /subjects/{subject_id}/trainings": Page[Training],
    "GET /trainings/{training_id}": Training,
    "POST /trainings/{training_id}/cancel": Training,
    "POST /generations": GenerationSummary,
    "GET /generations": Page[GenerationSummary],
    "GET /generations/{generation_id}": Generation,
    "POST /generations/{generation_id}/cancel": Generation,
    "DELETE /generations/{generation_id}": Nothing,
    "POST /verify": Verification,
    "POST /generations/{generation_id}/images/{image_id}/report": Nothing,
    "POST /generations/{generation_id}/images/{image_id}/appeal": Nothing,
    "POST /me/appeal": Nothing,
    "GET /reviews": Page[ReviewSummary],
    "GET /reviews/audit": Page[AuditEntry],
    "GET /reviews/{review_id}": Review,
    "POST /reviews/{review_id}/decision": ReviewSummary,
}
# Answers in other shapes, by media type.
OTHER_SHAPES: dict[str, dict[str, Any]] = {
    "GET /generations/{generation_id}": {
        "application/vnd.stability+json": StabilityAnswer,
        "application/vnd.jumpstart+json": JumpStartAnswer,
    }
}
