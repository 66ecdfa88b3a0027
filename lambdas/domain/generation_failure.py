"""Why the endpoint made no images, in words for their owner.

SageMaker's notification says `failureReason`, a sentence for operators; the container's own error,
if there was one, is quoted in it or lies in the failure file.
"""

from __future__ import annotations

from enum import StrEnum

from contract.generation_result import GenerationError
from lambdas.domain.training import Failure


class GenerationFailureCode(StrEnum):
    """Every reason that an owner can be given."""

    REQUEST_REFUSED = "request_refused"
    ADAPTER_UNUSABLE = "adapter_unusable"
    TIMED_OUT = "timed_out"
    EXPIRED = "expired"
    RESULT_LOST = "result_lost"
    RESULT_UNREADABLE = "result_unreadable"
    INTERNAL_ERROR = "internal_error"


_SENTENCES = {
    GenerationFailureCode.REQUEST_REFUSED: (
        "The model could not work with this request. Change the words or the settings."
    ),
    GenerationFailureCode.ADAPTER_UNUSABLE: (
        "What was learned about this subject could not be used. Train the subject again."
    ),
    GenerationFailureCode.TIMED_OUT: (
        "The images took longer than they may. Ask for fewer samples or steps."
    ),
    GenerationFailureCode.EXPIRED: (
        "The request waited too long for a free machine. Try again later."
    ),
    GenerationFailureCode.RESULT_LOST: "The images were lost on our side. Ask for them again.",
    GenerationFailureCode.RESULT_UNREADABLE: (
        "The model's answer could not be read. Ask for the images again."
    ),
    GenerationFailureCode.INTERNAL_ERROR: (
        "Something failed on our side. Nothing is wrong with the request; try again later."
    ),
}


def failure_of(code: GenerationFailureCode) -> Failure:
    """A cause with its sentence."""
    return Failure(code.value, _SENTENCES[code])


def diagnose(reason: str) -> GenerationFailureCode:
    """Name the cause in a `failureReason`, to which the failure file's text may be appended."""
    lower = reason.lower()
    if "expired" in lower:
        return GenerationFailureCode.EXPIRED
    error = GenerationError.find_in(reason)
    if error is not None:
        if error.code.startswith("adapter"):
            return GenerationFailureCode.ADAPTER_UNUSABLE
        if error.code == "request_invalid":
            return GenerationFailureCode.REQUEST_REFUSED
        return GenerationFailureCode.INTERNAL_ERROR
    if "timed out" in lower or "timeout" in lower or "no response from model" in lower:
        return GenerationFailureCode.TIMED_OUT
    return GenerationFailureCode.INTERNAL_ERROR
