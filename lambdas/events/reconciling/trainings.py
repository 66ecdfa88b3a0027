"""Trainings whose execution ended, or never began, without their record being told."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.training import Training, TrainingState
from lambdas.domain.training_failure import TrainingFailureCode, diagnose, failure_of
from lambdas.events.reconciling.visiting import visit
from lambdas.records.trainings import ENTITY, end_training, training_from
from lambdas.records.watching import in_state_since

if TYPE_CHECKING:
    from lambdas.domain.training import Failure
    from lambdas.ports import Clock, Table, TrainingRunner
    from lambdas.table import Item

# Between the record and its execution lies one call.
_START_TAKES = timedelta(minutes=2)


def reconcile_trainings(table: Table, clock: Clock, runner: TrainingRunner) -> None:
    """Fail the trainings that nothing works on any more."""
    now = clock.now()

    def look(item: Item) -> None:
        training = training_from(item)
        failure = _failure(training, runner)
        if failure is None:
            return
        failed = TrainingState.FAILED
        ids = (training.owner, training.id)
        if end_training(table, *ids, failed, now, failure=failure):
            telemetry.count("TrainingsFailed")
            telemetry.logger.warning("training_lost", extra={"training_id": training.id})

    states = (TrainingState.QUEUED, TrainingState.RUNNING)
    found = (in_state_since(table, ENTITY, state, now - _START_TAKES) for state in states)
    visit(chain.from_iterable(found), look)


def _failure(training: Training, runner: TrainingRunner) -> Failure | None:
    execution = runner.describe(training.id)
    if execution is None:
        return failure_of(TrainingFailureCode.INTERNAL_ERROR)
    if execution.status in {"RUNNING", "PENDING_REDRIVE"}:
        return None
    if execution.status == "TIMED_OUT":
        return failure_of(TrainingFailureCode.OUT_OF_TIME)
    return diagnose(execution.error or "", execution.cause or "").failure
