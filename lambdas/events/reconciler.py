"""On a schedule: finds what got lost on the way, and sends it on or brings it to an end.

    photos        files without an event, slots without an upload, looks that never ended
    uploads       the same, of pictures for generations
    trainings     executions that ended, or never began, unnoticed
    generations   requests that were never made, answers without an event, requests that expired
    expiry        what was kept for its time, and is erased like what its owner deletes
    erasures      tombstones whose message got lost
    reviews       are only measured: how long the oldest has waited for a moderator

One kind's trouble does not keep the others waiting; whatever was not done is found again next time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambdas import environment, telemetry, wiring
from lambdas.events.reconciling.expiry import Expiry
from lambdas.events.reconciling.generations import GenerationReconciler
from lambdas.events.reconciling.photos import reconcile_photos
from lambdas.events.reconciling.trainings import reconcile_trainings
from lambdas.events.reconciling.uploads import reconcile_uploads
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records.erasures import due_erasures
from lambdas.records.reviews import oldest_open

if TYPE_CHECKING:
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, ObjectStore, Queue, Table, TrainingRunner


@dataclass(frozen=True)
class ReconcilerPorts:
    """`uploads` and `work` are looked at, never written."""

    settings: DomainSettings
    table: Table
    clock: Clock
    uploads: ObjectStore
    work: ObjectStore
    runner: TrainingRunner
    intake: Queue
    results: Queue
    erasures: Queue


def build_handler(ports: ReconcilerPorts) -> Handler:
    """The handler over these ports."""
    table, clock, settings = ports.table, ports.clock, ports.settings
    generations = GenerationReconciler(
        table, clock, ports.work, ports.results, settings.retention_days
    )
    ttl = settings.photos.upload_ttl_seconds
    kinds: dict[str, Callable[[], None]] = {
        "photos": lambda: reconcile_photos(table, clock, ports.uploads, ports.intake, ttl),
        "uploads": lambda: reconcile_uploads(table, clock, ports.uploads, ports.intake, settings),
        "trainings": lambda: reconcile_trainings(table, clock, ports.runner),
        "generations": generations.run,
        "expiry": Expiry(table, clock, ports.erasures, settings.retention_days).run,
        "erasures": lambda: _send_erasures(ports),
        "reviews": lambda: _measure_reviews(ports),
    }

    def handle(_: dict[str, Any], __: Any) -> dict[str, Any]:
        troubled = []
        for kind, reconcile in kinds.items():
            try:
                reconcile()
            except Exception as error:  # noqa: BLE001 - the other kinds still want their turn
                telemetry.log_failure("reconciling_failed", error, kind=kind)
                troubled.append(kind)
        telemetry.flush()
        if troubled:
            raise ReconcilingFailed(", ".join(troubled))
        return {}

    return handle


class ReconcilingFailed(Exception):  # noqa: N818 - named as an operator reads it
    """Some kinds could not be looked after; Lambda tries again, then tells the dead letters."""


def _send_erasures(ports: ReconcilerPorts) -> None:
    for erasure in due_erasures(ports.table, ports.clock.now()):
        ports.erasures.send(erasure.message())


def _measure_reviews(ports: ReconcilerPorts) -> None:
    since = oldest_open(ports.table)
    # An empty queue says nothing, which costs nothing.
    if since is not None:
        age = (ports.clock.now() - since).total_seconds()
        telemetry.measure("OldestOpenReviewSeconds", age)


def _wired() -> Handler:
    return build_handler(
        ReconcilerPorts(
            settings=environment.current().settings(),
            table=wiring.table(),
            clock=wiring.clock(),
            uploads=wiring.bucket("UPLOADS_BUCKET"),
            work=wiring.bucket("WORK_BUCKET"),
            runner=wiring.training_runner(),
            intake=wiring.queue("INTAKE_QUEUE_URL"),
            results=wiring.queue("RESULTS_QUEUE_URL"),
            erasures=wiring.queue("ERASURE_QUEUE_URL"),
        )
    )


handler = lambda_handler(_wired)
