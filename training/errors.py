"""How a training run can end without an adapter.

Exception
├── TrainingError   the run cannot succeed; carries the code and the sentence that are reported
└── Interrupted     the platform takes the machine back; a checkpoint is there to go on from
"""

from contract.training_failure import FailureCode, TrainingFailure


class TrainingError(Exception):
    """A failure with a code for programs and a sentence for the user."""

    def __init__(self, code: FailureCode, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.failure = TrainingFailure(code, sentence)


class Interrupted(Exception):  # noqa: N818 - nothing is wrong
    """SIGTERM came: Spot takes the instance back, or the job was stopped."""
