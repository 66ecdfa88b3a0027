"""The frame around a step of the training state machine: what goes in, and how it fails.

A step is told who and which training. It fails by raising: the state machine catches every error
and asks `training_failed` what to do, by the exception's class name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lambdas import telemetry
from lambdas.lambda_handler import Handler


@dataclass(frozen=True)
class StepInput:
    """The part of the input that every step gets; `attempt` counts from 1."""

    training_id: str
    subject_id: str
    owner: str
    attempt: int

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> StepInput:
        """Read it; KeyError if the state machine and this code disagree."""
        return cls(
            str(event["training_id"]),
            str(event["subject_id"]),
            str(event["owner"]),
            int(event["attempt"]),
        )


def step(work: Callable[[StepInput, Mapping[str, Any]], dict[str, Any]]) -> Handler:
    """A handler that reads its input, does `work`, and leaves its counts behind in any case."""

    def handle(event: dict[str, Any], _: Any) -> dict[str, Any]:
        step_input = StepInput.of(event)
        telemetry.logger.append_keys(training_id=step_input.training_id, attempt=step_input.attempt)
        try:
            return work(step_input, event)
        except Exception as error:
            telemetry.log_failure("step_failed", error)
            raise
        finally:
            telemetry.flush()

    return handle
