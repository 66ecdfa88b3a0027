"""Trainings: POST and GET /subjects/{id}/trainings, GET /trainings/{id}, POST …/cancel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from contract.errors import InvalidDocumentError
from contract.training_job import PROGRESS_FILE, Progress
from contract.training_presets import PresetName
from lambdas import environment, telemetry, wiring
from lambdas.api.http import Api, page_of
from lambdas.api.messages import Answer, Body, Request, accepted, ok
from lambdas.domain import moments
from lambdas.domain.base_choice import named_base
from lambdas.domain.errors import Conflict, Unavailable
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.locations import training_prefix
from lambdas.domain.quota import Metered
from lambdas.domain.readiness import demand_enough_photos, demand_good_set
from lambdas.domain.training import Training, TrainingState
from lambdas.domain.training_failure import TrainingFailureCode, failure_of
from lambdas.lambda_handler import lambda_handler
from lambdas.ports import ObjectMissing, ObjectTooLarge
from lambdas.records.photo_sets import accepted_looks
from lambdas.records.quotas import Spending
from lambdas.records.subjects import read_subject
from lambdas.records.trainings import (
    create_training,
    end_training,
    list_trainings,
    mark_running,
    read_training,
    training_from,
)
from lambdas.violations import demand_good_standing

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, ObjectStore, Table, TrainingRunner

_LIST = "/subjects/{subject_id}/trainings"
_MAX_PROGRESS_BYTES = 64 * 1024


class StartTraining(Body):
    """How thoroughly to learn, and on which base model; the recipe is the environment's."""

    preset: PresetName | None = Field(
        default=None,
        description="How long the training goes on and which ingredients it has: `fast`, "
        "`balanced` or `quality`; by default what the operator chose.",
    )
    base_model: str | None = Field(
        default=None,
        max_length=64,
        description="One of GET /models, the first of them by default. The subject's pictures are "
        "then drawn by this one.",
    )


@dataclass(frozen=True)
class TrainingPorts:
    """What these routes need."""

    table: Table
    clock: Clock
    persistence: Callable[[], BasePersistenceLayer]
    runner: TrainingRunner
    work: ObjectStore
    settings: DomainSettings


def build_app(ports: TrainingPorts) -> Api:
    """The routes of trainings."""
    table, clock = ports.table, ports.clock
    api = Api(table=table, clock=clock, persistence=ports.persistence)

    @api.post(_LIST, body=StartTraining, status=202)
    def start_training(request: Request[StartTraining]) -> Answer:
        """Learn the subject from its accepted photos."""
        rules = ports.settings.moderation.violations
        demand_good_standing(table, request.owner, clock.now(), rules)
        base = named_base(ports.settings, request.body.base_model, "base_model")
        subject = read_subject(table, request.owner, request.id("subject_id", Prefix.SUBJECT))
        demand_enough_photos(subject, ports.settings.photos)
        looks = accepted_looks(table, request.owner, subject.id)
        demand_good_set(subject, looks, ports.settings.photos)
        now = clock.now()
        training = Training(
            id=new_id(Prefix.TRAINING, now),
            subject_id=subject.id,
            owner=request.owner,
            created_at=now,
            updated_at=now,
            preset=request.body.preset or ports.settings.training.preset,
            base_model=base.id,
        )
        limits = ports.settings.limits
        spending = Spending(request.owner, {Metered.TRAININGS: 1}, limits.per_day, now)
        limit = limits.active_trainings_per_user
        create_training(table, training, limit=limit, spending=spending)
        _run(ports, training, spending)
        telemetry.logger.info("training_queued", extra={"training_id": training.id})
        return accepted(f"/trainings/{training.id}", view(training))

    @api.get(_LIST)
    def list_trainings_of_subject(request: Request[None]) -> Answer:
        """List a subject's trainings, the newest first."""
        subject = read_subject(table, request.owner, request.id("subject_id", Prefix.SUBJECT))
        page = list_trainings(
            table,
            request.owner,
            subject.id,
            limit=request.page.limit,
            after=request.page.position,
        )
        items = [view(training_from(item)) for item in page.items]
        return page_of(request, _LIST, items, page.next)

    @api.get("/trainings/{training_id}")
    def read_one_training(request: Request[None]) -> Answer:
        """Read a training, with the progress that its job reports."""
        training = _visible(table, request)
        progress = _progress(ports.work, training) if training.is_active else None
        if progress is not None and training.state is TrainingState.QUEUED:
            # The job's own word arrives before the event that says so, or instead of it.
            mark_running(table, training, clock.now(), attempt=training.attempt)
            training = _visible(table, request)
        return ok(view(training, progress))

    @api.post("/trainings/{training_id}/cancel", status=200)
    def cancel_training(request: Request[None]) -> Answer:
        """Stop a training; nothing of it will be published."""
        training = _visible(table, request)
        cancelled = end_training(
            table, request.owner, training.id, TrainingState.CANCELLED, clock.now()
        )
        training = _visible(table, request)
        if training.state is not TrainingState.CANCELLED:
            raise Conflict(
                f"The training has {training.state.value} already.", code="training_ended"
            )
        # Also when it was cancelled before: the stop may have been what failed then.
        ports.runner.stop(training.id, reason="Cancelled by its owner.")
        if cancelled:
            telemetry.logger.info("training_cancelled", extra={"training_id": training.id})
        return ok(view(training))

    return api


def _visible(table: Table, request: Request[Any]) -> Training:
    """The training, unless its subject is gone for its owner."""
    training = read_training(table, request.owner, request.id("training_id", Prefix.TRAINING))
    read_subject(table, request.owner, training.subject_id)
    return training


def _run(ports: TrainingPorts, training: Training, spending: Spending) -> None:
    """Start the execution. A training that cannot be started must not block its subject."""
    document = {
        "training_id": training.id,
        "subject_id": training.subject_id,
        "owner": training.owner,
    }
    try:
        ports.runner.start(training.id, document)
    except Unavailable:
        end_training(
            ports.table,
            training.owner,
            training.id,
            TrainingState.FAILED,
            ports.clock.now(),
            failure=failure_of(TrainingFailureCode.INTERNAL_ERROR),
        )
        spending.give_back(ports.table)
        raise


def _progress(work: ObjectStore, training: Training) -> Progress | None:
    prefix = training_prefix(training.owner, training.subject_id, training.id)
    try:
        text = work.read(f"{prefix}checkpoints/{PROGRESS_FILE}", max_bytes=_MAX_PROGRESS_BYTES)
        return Progress.from_json(text)
    except (ObjectMissing, ObjectTooLarge, InvalidDocumentError, Unavailable):
        return None


def view(training: Training, progress: Progress | None = None) -> dict[str, Any]:
    """A training as its owner sees it."""
    failure = training.failure
    return {
        "id": training.id,
        "subject_id": training.subject_id,
        "state": training.state.value,
        "attempt": training.attempt,
        "progress": progress
        and {
            "phase": progress.phase.value,
            "step": progress.step,
            "max_steps": progress.max_steps,
            "loss": progress.loss,
            "updated_at": moments.to_text(progress.updated_at),
        },
        "preset": training.preset and training.preset.value,
        "base_model": training.base_model,
        "scores": training.scores and asdict(training.scores),
        "failure": failure and {"code": failure.code, "reason": failure.reason},
        "created_at": moments.to_text(training.created_at),
        "updated_at": moments.to_text(training.updated_at),
    }


def _wired() -> Api:
    return build_app(
        TrainingPorts(
            table=wiring.table(),
            clock=wiring.clock(),
            persistence=wiring.persistence,
            runner=wiring.training_runner(),
            work=wiring.bucket("WORK_BUCKET"),
            settings=environment.current().settings(),
        )
    )


handler = lambda_handler(_wired)
