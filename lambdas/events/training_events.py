"""News of training jobs and of executions that did not end well, from EventBridge through a queue.

A job's news only tells that it has begun or got through. How a training ended is decided by the
state machine; only where that itself failed, or was stopped from outside, is it decided here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.errors import InvalidDocumentError
from contract.s3_location import S3Location
from lambdas import telemetry, wiring
from lambdas.domain.errors import NotFound
from lambdas.domain.ids import Prefix, is_id, is_owner
from lambdas.domain.training import TrainingState, training_of_job
from lambdas.domain.training_failure import diagnose
from lambdas.events.queue_batch import queue_handler
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records.trainings import end_training, mark_running, read_training

if TYPE_CHECKING:
    from lambdas.ports import Clock, Table

# DescribeTrainingJob, SecondaryStatus: from these on, a machine is at work.
_AT_WORK = frozenset({"Downloading", "Training", "Uploading", "Completed"})


@dataclass(frozen=True)
class TrainingEventsPorts:
    """What this handler needs."""

    table: Table
    clock: Clock


def build_handler(ports: TrainingEventsPorts) -> Handler:
    """The handler."""

    def work(message: dict[str, Any]) -> None:
        detail = message.get("detail")
        if not isinstance(detail, dict):
            return
        match message.get("source"):
            case "aws.sagemaker":
                _job(ports, detail)
            case "aws.states":
                _execution(ports, detail)

    return queue_handler("training_event", work)


def _job(ports: TrainingEventsPorts, detail: Mapping[str, Any]) -> None:
    named = training_of_job(str(detail.get("TrainingJobName", "")))
    owner = _owner_of_job(detail)
    if named is None or owner is None or detail.get("SecondaryStatus") not in _AT_WORK:
        return
    training_id, attempt = named
    try:
        training = read_training(ports.table, owner, training_id)
    except NotFound:
        return
    if training.state is TrainingState.QUEUED:
        mark_running(ports.table, training, ports.clock.now(), attempt=attempt)


def _owner_of_job(detail: Mapping[str, Any]) -> str | None:
    """The owner's name in the path of the job's output: trainings/{owner}/…"""
    output = detail.get("OutputDataConfig") or {}
    try:
        parts = S3Location.parse(str(output.get("S3OutputPath", ""))).key.split("/")
    except InvalidDocumentError:
        return None
    return parts[1] if len(parts) > 2 and is_owner(parts[1]) else None


def _execution(ports: TrainingEventsPorts, detail: Mapping[str, Any]) -> None:
    training_id = str(detail.get("name", ""))
    owner = _owner_of_execution(detail)
    if owner is None or not is_id(Prefix.TRAINING, training_id):
        # Without its input an event does not say whose it is; the reconciler finds the training.
        return
    timed_out = detail.get("status") == "TIMED_OUT"
    error = "States.Timeout" if timed_out else str(detail.get("error") or "")
    ended = end_training(
        ports.table,
        owner,
        training_id,
        TrainingState.FAILED,
        ports.clock.now(),
        failure=diagnose(error, str(detail.get("cause") or "")).failure,
    )
    if ended:
        telemetry.count("TrainingsFailed")
        telemetry.logger.warning("execution_lost", extra={"training_id": training_id})


def _owner_of_execution(detail: Mapping[str, Any]) -> str | None:
    try:
        document = json.loads(str(detail.get("input") or ""))
    except ValueError:
        return None
    owner = document.get("owner") if isinstance(document, dict) else None
    return owner if isinstance(owner, str) and is_owner(owner) else None


handler = lambda_handler(lambda: build_handler(TrainingEventsPorts(wiring.table(), wiring.clock())))
