"""What a training job is told, what it reports while it runs, and how it says why it failed."""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote

from contract.adapter import MAX_RANK, MAX_TOKEN_VECTORS, NOUN_PATTERN, TOKEN_PATTERN
from contract.base_model import ID_PATTERN
from contract.document import FORMAT, Scalar, parse_object, write_object, written
from contract.errors import InvalidDocumentError
from contract.subject_phrase import SUBJECT_TOKEN

PROGRESS_FILE = "progress.json"

# FailureReason in DescribeTrainingJob shows at most this much of the failure file:
# docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
MAX_FAILURE_CHARACTERS = 1024

MAX_STEPS = 100_000
ULID_PATTERN = r"[0-9A-HJKMNP-TV-Z]{26}"


class SubjectKind(StrEnum):
    """What is being learned; decides the prompt templates."""

    PERSON = "person"
    PET = "pet"
    OBJECT = "object"
    STYLE = "style"


class Precision(StrEnum):
    """Number format of the frozen base weights; what is trained is always fp32.

    AUTO is bf16 on a GPU that has it (from compute capability 8.0 on), else fp32.
    """

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"


class Optimizer(StrEnum):
    """AdamW, or its 8-bit kind, which keeps a quarter of the state and needs bitsandbytes."""

    ADAMW = "adamw"
    ADAMW_8BIT = "adamw-8bit"


@dataclass(frozen=True)
class Hyperparameters:
    """A training job's settings. SageMaker carries them as text: `to_strings`, `from_strings`.

    The fields without a default must be given. Lengths in pixels, rates per step.
    `min_snr_gamma` 0 switches the weighting off. The denoiser's LoRA learns at `lora_rate_factor`
    times the learning rate (0: not at all, which is textual inversion alone). The token's
    `token_vectors` embeddings are learned during the first `token_fraction` of the steps, at
    `token_rate_factor` times the learning rate; after that, text embeddings are cached.
    `align_faces` crops a person's photos to portraits, where they tell where the face is (0: the
    whole square). `adapt_convolutions` puts LoRA on a UNet's convolutions too, not only its
    attention. `caption_dropout` is the share of samples that are shown without a caption, so that
    guidance does not overshoot.

    Every ingredient of the recipe is one switch; what turns it off stands in brackets.
    `hold_out` keeps 1–3 photos from training and measures against them (0: against those learned).
    `choose_checkpoint` publishes the checkpoint with the best score (0: the last one).
    `evaluation_share` bounds the measuring to that share of the training's denoiser passes, but at
    least two rounds of four pictures. `likeness_floor` is the likeness that a run must reach (0).
    `subject_mask` is how much less the background counts in the loss (0); `ema_decay` the decay of
    the running mean of what is trained (0); `close_crops` adds a closer view of photos that are no
    portraits (0).
    `prior_preservation` learns `prior_images` pictures of the class on the side (0).
    """

    training_id: str
    subject_id: str
    kind: SubjectKind
    class_noun: str
    base_model_id: str
    max_steps: int
    rank: int
    learning_rate: float
    resolution: int
    batch_size: int
    token: str = SUBJECT_TOKEN
    seed: int = 0
    checkpoint_every: int = 100
    align_faces: bool = True
    adapt_convolutions: bool = False
    lora_rate_factor: float = 1.0
    token_rate_factor: float = 3.0
    token_vectors: int = 2
    token_fraction: float = 0.5
    caption_dropout: float = 0.1
    min_snr_gamma: float = 5.0
    prior_preservation: bool = False
    prior_loss_weight: float = 1.0
    prior_images: int = 12
    mirror: bool = True
    close_crops: bool = False
    subject_mask: float = 0.0
    ema_decay: float = 0.0
    hold_out: bool = True
    choose_checkpoint: bool = True
    evaluation_share: float = 0.25
    likeness_floor: float = 0.0
    optimizer: Optimizer = Optimizer.ADAMW
    precision: Precision = Precision.AUTO
    gradient_checkpointing: bool = False

    @classmethod
    def from_strings(cls, values: Mapping[str, str]) -> "Hyperparameters":
        """Read settings as SageMaker passes them. Unknown, missing or wrong ones are errors."""
        known = {field.name: field for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            names = ", ".join(name[:40] for name in unknown[:5])
            raise InvalidDocumentError(f"unknown hyperparameter(s): {names}")
        missing = [
            name
            for name, field in known.items()
            if field.default is dataclasses.MISSING and name not in values
        ]
        if missing:
            raise InvalidDocumentError(f"missing hyperparameter(s): {', '.join(missing)}")
        return cls(**{name: _READERS[name](name, unquote(text)) for name, text in values.items()})

    @classmethod
    def check(cls, values: Mapping[str, Scalar]) -> None:
        """Raise InvalidDocumentError unless every one of `values` is a setting that may be so."""
        for name, value in values.items():
            if name not in _READERS:
                raise InvalidDocumentError(f"unknown hyperparameter(s): {name[:40]}")
            _READERS[name](name, _as_text(value))

    def to_strings(self) -> dict[str, str]:
        """Text values for CreateTrainingJob; what the reader would refuse is refused here.

        The containers' toolkit joins them with blanks and gives that to a shell, unquoted
        (github.com/aws/sagemaker-training-toolkit, process.py, run_async): `<subject>` would
        redirect a file, `red panda` fall apart. So texts are percent-encoded, as in a URL.
        """
        values = {
            field.name: quote(_as_text(getattr(self, field.name)), safe="")
            for field in dataclasses.fields(self)
        }
        Hyperparameters.from_strings(values)
        return values

    def to_scalars(self) -> dict[str, Scalar]:
        """The settings as they are, for a manifest."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def _wrong(name: str, problem: str) -> InvalidDocumentError:
    return InvalidDocumentError(f"hyperparameter '{name}' {problem}")


class _Text:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __call__(self, name: str, value: str) -> str:
        if re.fullmatch(self._pattern, value) is None:
            raise _wrong(name, "does not have the right form")
        return value


class _Whole:
    def __init__(self, minimum: int, maximum: int, multiple: int = 1) -> None:
        self._bounds = (minimum, maximum)
        self._multiple = multiple

    def __call__(self, name: str, value: str) -> int:
        if re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) is None:
            raise _wrong(name, "must be a whole number")
        low, high = self._bounds
        if not low <= int(value) <= high or int(value) % self._multiple:
            step = f", a multiple of {self._multiple}" if self._multiple > 1 else ""
            raise _wrong(name, f"must be from {low} to {high}{step}")
        return int(value)


class _Number:
    def __init__(self, minimum: float, maximum: float) -> None:
        self._bounds = (minimum, maximum)

    def __call__(self, name: str, value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        low, high = self._bounds
        if not low <= number <= high:
            raise _wrong(name, f"must be a number from {low:g} to {high:g}")
        return number


class _Choice:
    def __init__(self, options: type[StrEnum]) -> None:
        self._options = options

    def __call__(self, name: str, value: str) -> StrEnum:
        if value not in set(self._options):
            raise _wrong(name, f"must be one of {', '.join(self._options)}")
        return self._options(value)


def _flag(name: str, value: str) -> bool:
    if value not in {"0", "1"}:
        raise _wrong(name, "must be 0 or 1")
    return value == "1"


# One way to read each field; a test holds this to the fields above.
_READERS: dict[str, Callable[[str, str], Any]] = {
    "training_id": _Text(rf"trn_{ULID_PATTERN}"),
    "subject_id": _Text(rf"sub_{ULID_PATTERN}"),
    "kind": _Choice(SubjectKind),
    "class_noun": _Text(NOUN_PATTERN),
    "base_model_id": _Text(ID_PATTERN),
    "max_steps": _Whole(1, MAX_STEPS),
    "rank": _Whole(1, MAX_RANK),
    "learning_rate": _Number(1e-9, 1.0),
    "resolution": _Whole(32, 2048, 8),
    "batch_size": _Whole(1, 64),
    "token": _Text(TOKEN_PATTERN),
    "seed": _Whole(0, 2**32 - 1),
    "checkpoint_every": _Whole(1, MAX_STEPS),
    "align_faces": _flag,
    "adapt_convolutions": _flag,
    "lora_rate_factor": _Number(0.0, 1000.0),
    "token_rate_factor": _Number(0.0, 1000.0),
    "token_vectors": _Whole(1, MAX_TOKEN_VECTORS),
    "token_fraction": _Number(0.0, 1.0),
    "caption_dropout": _Number(0.0, 1.0),
    "min_snr_gamma": _Number(0.0, 100.0),
    "prior_preservation": _flag,
    "prior_loss_weight": _Number(0.0, 10.0),
    "prior_images": _Whole(1, 200),
    "mirror": _flag,
    "close_crops": _flag,
    "subject_mask": _Number(0.0, 1.0),
    "ema_decay": _Number(0.0, 0.99999),
    "hold_out": _flag,
    "choose_checkpoint": _flag,
    "evaluation_share": _Number(0.0, 1.0),
    "likeness_floor": _Number(0.0, 1.0),
    "optimizer": _Choice(Optimizer),
    "precision": _Choice(Precision),
    "gradient_checkpointing": _flag,
}


class Phase(StrEnum):
    """What a running job is doing, in this order; while it trains, it evaluates now and then."""

    LOADING = "loading"
    CACHING = "caching"
    TRAINING = "training"
    EVALUATING = "evaluating"
    PUBLISHING = "publishing"


class JobState(StrEnum):
    """The job's own word on itself. How it ended is SageMaker's to say."""

    RUNNING = "running"


@dataclass(frozen=True)
class Progress:
    """`progress.json` in the checkpoint folder, which SageMaker copies to S3 as it changes."""

    phase: Phase
    step: int
    max_steps: int
    loss: float | None
    updated_at: datetime
    state: JobState = JobState.RUNNING

    @classmethod
    def from_json(cls, text: str | bytes) -> "Progress":
        """Read a progress document."""
        fields = parse_object(text, "training progress")
        fields.format()
        max_steps = fields.integer("max_steps", 1, MAX_STEPS)
        progress = cls(
            state=fields.choice("state", JobState),
            phase=fields.choice("phase", Phase),
            step=fields.integer("step", 0, max_steps),
            max_steps=max_steps,
            loss=fields.optional_number("loss", 0.0, 1e30),
            updated_at=fields.moment("updated_at"),
        )
        fields.finish()
        return progress

    def to_json(self) -> str:
        """Write it; what the reader would refuse is refused here."""
        text = write_object(
            {
                "format": FORMAT,
                "state": self.state.value,
                "phase": self.phase.value,
                "step": self.step,
                "max_steps": self.max_steps,
                "loss": self.loss,
                "updated_at": written(self.updated_at),
            }
        )
        Progress.from_json(text)
        return text
