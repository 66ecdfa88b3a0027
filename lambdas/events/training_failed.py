"""Every error of the training state machine ends here: try again, or tell the owner why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambdas import environment, telemetry, wiring
from lambdas.domain.errors import NotFound
from lambdas.domain.training import TrainingState
from lambdas.domain.training_failure import TrainingFailureCode, Verdict, decide, diagnose
from lambdas.events.steps import StepInput, step
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records.trainings import end_training, read_training

if TYPE_CHECKING:
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, Table


@dataclass(frozen=True)
class FailedPorts:
    """What this step needs."""

    table: Table
    clock: Clock
    settings: DomainSettings


def build_handler(ports: FailedPorts) -> Handler:
    """The handler."""
    table, clock = ports.table, ports.clock

    def judge(given: StepInput, event: Mapping[str, Any]) -> dict[str, Any]:
        error = event.get("error") or {}
        diagnosis = diagnose(str(error.get("Error", "")), str(error.get("Cause", "")))
        verdict = decide(diagnosis, given.attempt, ports.settings.training.max_attempts)
        code = diagnosis.failure.code
        if not _is_active(table, given):
            return _answer(Verdict(retry=False, wait_seconds=0, attempt=verdict.attempt))
        telemetry.logger.info("attempt_failed", extra={"code": code, "retry": verdict.retry})
        if not verdict.retry:
            cancelled = code == TrainingFailureCode.CANCELLED
            target = TrainingState.CANCELLED if cancelled else TrainingState.FAILED
            ended = end_training(
                table,
                given.owner,
                given.training_id,
                target,
                clock.now(),
                failure=None if cancelled else diagnosis.failure,
            )
            if ended and not cancelled:
                telemetry.count("TrainingsFailed")
                if code == TrainingFailureCode.LOW_LIKENESS:
                    telemetry.count("TrainingsUnlike")
        return _answer(verdict)

    return step(judge)


def _is_active(table: Table, given: StepInput) -> bool:
    try:
        return read_training(table, given.owner, given.training_id).is_active
    except NotFound:
        return False


def _answer(verdict: Verdict) -> dict[str, Any]:
    return {
        "retry": verdict.retry,
        "wait_seconds": verdict.wait_seconds,
        "attempt": verdict.attempt,
    }


def _wired() -> Handler:
    return build_handler(
        FailedPorts(
            table=wiring.table(),
            clock=wiring.clock(),
            settings=environment.current().settings(),
        )
    )


handler = lambda_handler(_wired)
