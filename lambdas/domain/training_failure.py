"""Why a training's attempt ended, and whether another attempt makes sense.

    what came back                                    code               another attempt
    no machine (capacity, quota of instances)         no_capacity        yes, after a while
    Spot machine never came within the longest wait   no_capacity        no: it has waited already
    longest run time passed                           out_of_time        no
    photos cannot be read or are missing              photos_unusable    no
    killed: signal 9 or 15, machine lost              interrupted        yes
    memory of the GPU exhausted                       out_of_memory      no
    disk of the machine full                          out_of_disk        no
    pictures do not look like the subject             low_likeness       no
    loss became infinite, adapter breaks its contract training_diverged  no
    the base model is missing or no good              internal_error     no
    SageMaker, Step Functions, Lambda or we failed    internal_error     yes
    cancelled or deleted meanwhile                    cancelled          no

The input is Step Functions' {Error, Cause}. After createTrainingJob.sync the cause is
DescribeTrainingJob's answer as JSON text:
docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from contract.training_failure import FailureCode, TrainingFailure
from lambdas.domain.training import Failure

# Capacity comes back in minutes, not in seconds; a lost machine can be replaced at once.
CAPACITY_WAIT_SECONDS = 300
RESTART_WAIT_SECONDS = 5

# How SIGKILL and SIGTERM show in FailureReason: the shell's codes, or Python's negative ones.
_KILLED = re.compile(r"(?:exit code|ExitCode):?\s*(?:137|143|-9|-15)\b", re.IGNORECASE)
_CAPACITY = ("CapacityError", "ResourceLimitExceeded", "InsufficientCapacity")


class TrainingFailureCode(StrEnum):
    """Every reason that an owner can be given."""

    NO_CAPACITY = "no_capacity"
    OUT_OF_TIME = "out_of_time"
    PHOTOS_UNUSABLE = "photos_unusable"
    INTERRUPTED = "interrupted"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_DISK = "out_of_disk"
    LOW_LIKENESS = "low_likeness"
    TRAINING_DIVERGED = "training_diverged"
    INTERNAL_ERROR = "internal_error"
    CANCELLED = "cancelled"


_SENTENCES = {
    TrainingFailureCode.NO_CAPACITY: (
        "No machine was free for this training. Nothing is wrong with the photos; try again later."
    ),
    TrainingFailureCode.OUT_OF_TIME: "The training took longer than it may, and was stopped.",
    TrainingFailureCode.PHOTOS_UNUSABLE: (
        "The photos could not be read. Replace them and try again."
    ),
    TrainingFailureCode.INTERRUPTED: (
        "The machine was taken away during the training, again and again. Try again later."
    ),
    TrainingFailureCode.OUT_OF_MEMORY: (
        "The training needs more memory than the machine has. The operator has to change it."
    ),
    TrainingFailureCode.OUT_OF_DISK: (
        "The training needs more disk than the machine has. The operator has to change it."
    ),
    TrainingFailureCode.LOW_LIKENESS: (
        "The pictures did not come to look like the photos, so nothing was published. What helps: "
        "photos that show nobody else, in which the subject is large, sharp and well lit, taken in "
        "different places and clothes; and the preset quality."
    ),
    TrainingFailureCode.TRAINING_DIVERGED: (
        "The training did not settle on a result. Other photos, sharper and more alike in what "
        "they show, may help."
    ),
    TrainingFailureCode.INTERNAL_ERROR: (
        "Something failed on our side. Nothing is wrong with the photos; try again later."
    ),
    TrainingFailureCode.CANCELLED: "The training was cancelled.",
}
_TOO_FEW = "Photos were deleted before the training began, and too few are left. Add some more."
_FROM_JOB = {
    FailureCode.NO_PHOTOS: TrainingFailureCode.PHOTOS_UNUSABLE,
    FailureCode.PHOTO_UNREADABLE: TrainingFailureCode.PHOTOS_UNUSABLE,
    FailureCode.LOSS_NOT_FINITE: TrainingFailureCode.TRAINING_DIVERGED,
    FailureCode.LOW_LIKENESS: TrainingFailureCode.LOW_LIKENESS,
    FailureCode.OUT_OF_MEMORY: TrainingFailureCode.OUT_OF_MEMORY,
    FailureCode.OUT_OF_DISK: TrainingFailureCode.OUT_OF_DISK,
    FailureCode.HYPERPARAMETERS_INVALID: TrainingFailureCode.INTERNAL_ERROR,
    FailureCode.BASE_MODEL_INVALID: TrainingFailureCode.INTERNAL_ERROR,
    FailureCode.INTERNAL_ERROR: TrainingFailureCode.INTERNAL_ERROR,
}
# What the job itself says about these is written for the owner of the photos.
_OWN_WORDS = frozenset({TrainingFailureCode.PHOTOS_UNUSABLE})


class TrainingGone(Exception):  # noqa: N818 - a fact, not a fault
    """The training was cancelled or its subject deleted: there is nothing to go on with."""


class PhotosMissing(Exception):  # noqa: N818
    """Photos were deleted between the request and the start."""


class BaseUnusable(Exception):  # noqa: N818
    """The base model that the environment is configured with is not published, or another one."""


class OutputMissing(Exception):  # noqa: N818
    """The job ended without an error and without an adapter: it was stopped at its longest time."""


class AdapterRefused(Exception):  # noqa: N818
    """What the job left behind is no adapter that may be published."""


@dataclass(frozen=True)
class Diagnosis:
    """A cause, told to the owner, and the pause before another attempt (None: no attempt)."""

    failure: Failure
    wait_seconds: int | None


@dataclass(frozen=True)
class Verdict:
    """What the state machine does next; `attempt` is the number of the next one."""

    retry: bool
    wait_seconds: int
    attempt: int


def diagnose(error: str, cause: str) -> Diagnosis:
    """Name the cause of an attempt's end."""
    if error == TrainingGone.__name__:
        return _final(TrainingFailureCode.CANCELLED)
    if error == AdapterRefused.__name__:
        return _final(TrainingFailureCode.TRAINING_DIVERGED)
    if error == PhotosMissing.__name__:
        return _final(TrainingFailureCode.PHOTOS_UNUSABLE, _TOO_FEW)
    if error == BaseUnusable.__name__:
        return _final(TrainingFailureCode.INTERNAL_ERROR)
    if error in {OutputMissing.__name__, "States.Timeout"}:
        return _final(TrainingFailureCode.OUT_OF_TIME)
    job = _job(cause)
    reason = str(job.get("FailureReason") or "") if job else cause
    match job.get("SecondaryStatus"):
        case "MaxRuntimeExceeded":
            return _final(TrainingFailureCode.OUT_OF_TIME)
        case "MaxWaitTimeExceeded":
            return _final(TrainingFailureCode.NO_CAPACITY)
        case _:
            return _from_reason(error, reason)


def decide(diagnosis: Diagnosis, attempt: int, max_attempts: int) -> Verdict:
    """Whether attempt number `attempt` (from 1) is followed by another one."""
    wait = diagnosis.wait_seconds
    if wait is None or attempt >= max_attempts:
        return Verdict(retry=False, wait_seconds=0, attempt=attempt + 1)
    # Doubles with each attempt, as back-off does.
    return Verdict(retry=True, wait_seconds=wait * 2 ** (attempt - 1), attempt=attempt + 1)


def _from_reason(error: str, reason: str) -> Diagnosis:
    if any(sign in error or sign in reason for sign in _CAPACITY):
        return _again(TrainingFailureCode.NO_CAPACITY, CAPACITY_WAIT_SECONDS)
    found = TrainingFailure.find_in(reason)
    if found is not None:
        code = _FROM_JOB[found.code]
        if found.code.is_retryable:
            return _again(code, RESTART_WAIT_SECONDS)
        return _final(code, found.sentence if code in _OWN_WORDS else None)
    if _KILLED.search(reason):
        return _again(TrainingFailureCode.INTERRUPTED, RESTART_WAIT_SECONDS)
    return _again(TrainingFailureCode.INTERNAL_ERROR, RESTART_WAIT_SECONDS)


def failure_of(code: TrainingFailureCode) -> Failure:
    """A cause with the sentence that we have for it."""
    return Failure(code.value, _SENTENCES[code])


def _final(code: TrainingFailureCode, sentence: str | None = None) -> Diagnosis:
    return Diagnosis(Failure(code.value, sentence or _SENTENCES[code]), wait_seconds=None)


def _again(code: TrainingFailureCode, wait_seconds: int) -> Diagnosis:
    return Diagnosis(failure_of(code), wait_seconds)


def _job(cause: str) -> dict[str, object]:
    try:
        document = json.loads(cause)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
