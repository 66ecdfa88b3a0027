"""Why a training job failed, as one line: `CODE: sentence`."""

import re
from dataclasses import dataclass
from enum import StrEnum

from contract.training_job import MAX_FAILURE_CHARACTERS


class FailureCode(StrEnum):
    """Every reason that the job itself can give."""

    HYPERPARAMETERS_INVALID = "HYPERPARAMETERS_INVALID"
    NO_PHOTOS = "NO_PHOTOS"
    PHOTO_UNREADABLE = "PHOTO_UNREADABLE"
    BASE_MODEL_INVALID = "BASE_MODEL_INVALID"
    LOSS_NOT_FINITE = "LOSS_NOT_FINITE"
    LOW_LIKENESS = "LOW_LIKENESS"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    OUT_OF_DISK = "OUT_OF_DISK"
    INTERNAL_ERROR = "INTERNAL_ERROR"

    @property
    def is_retryable(self) -> bool:
        """Whether the same job may succeed when it is started again."""
        return self is FailureCode.INTERNAL_ERROR


_LINE = re.compile(rf"(?<![A-Z_])({'|'.join(FailureCode)}): ([^\n\r\"\\]+)")


@dataclass(frozen=True)
class TrainingFailure:
    """A code for programs and a sentence for people, without personal data."""

    code: FailureCode
    sentence: str

    def to_text(self) -> str:
        """The content of the failure file, cut to what SageMaker shows of it."""
        line = " ".join(re.sub(r'["\\]', "'", self.sentence).split())
        return f"{self.code}: {line}"[:MAX_FAILURE_CHARACTERS]

    @classmethod
    def find_in(cls, reason: str) -> "TrainingFailure | None":
        """The failure within SageMaker's FailureReason; None if the job gave none (it was killed).

        SageMaker puts `AlgorithmError: ` before and `, exit code: 1` after the failure file. The
        framework containers' toolkit replaces the file by a report of its own, which quotes the
        end of stderr: the job prints the same line there, and so it is found in both.
        """
        match = _LINE.search(reason)
        if match is None:
            return None
        sentence = re.sub(r",? exit code: -?\d+.*$", "", match[2]).strip()
        return cls(FailureCode(match[1]), sentence)
