"""Why no images were made, in words for their owner.

SageMaker's notification says `failureReason`, a sentence for operators; the container's own error,
if there was one, is quoted in it or lies in the failure file.
"""

from __future__ import annotations

from enum import Enum, StrEnum

from contract.generation_result import GenerationError
from lambdas.domain.training import Failure


class GenerationFailureCode(StrEnum):
    """Every reason that an owner can be given."""

    REQUEST_REFUSED = "request_refused"
    ADAPTER_UNUSABLE = "adapter_unusable"
    TIMED_OUT = "timed_out"
    OVERLOADED = "overloaded"
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
    GenerationFailureCode.OVERLOADED: (
        "The model had too much to do for half an hour. Try again later."
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


class PaintingFailure(Enum):
    """Why a hosted model drew nothing, as our own function tells it to `diagnose`."""

    EXPIRED = "Request expired"
    OVERLOADED = ("overloaded", "The hosted model was busy.")
    OUT_OF_REACH = ("model_out_of_reach", "The hosted model may not be used.")
    CALL_REJECTED = ("request_invalid", "The hosted model takes no such call.")

    @property
    def reason(self) -> str:
        """The `failureReason` of a notification."""
        told = self.value
        return told if isinstance(told, str) else GenerationError(*told).to_json()


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
        if error.code == "timed_out":
            return GenerationFailureCode.TIMED_OUT
        if error.code == "request_invalid" or error.code.startswith("source"):
            return GenerationFailureCode.REQUEST_REFUSED
        if error.code == GenerationFailureCode.OVERLOADED:
            return GenerationFailureCode.OVERLOADED
        return GenerationFailureCode.INTERNAL_ERROR
    if "timed out" in lower or "timeout" in lower or "no response from model" in lower:
        return GenerationFailureCode.TIMED_OUT
    return GenerationFailureCode.INTERNAL_ERROR
