"""The ports that the routes of subjects, photos, uploads and `/me` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.errors import Unavailable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

    from lambdas.domain.settings import DomainSettings
    from lambdas.domain.text_screening import TextScreening
    from lambdas.ports import Clock, ObjectStore, Queue, Table
    from lambdas.records.erasures import Erasure


@dataclass(frozen=True)
class SubjectPorts:
    """`uploads` is the quarantine, `photos` has accepted photos, `work` accepted uploads."""

    settings: DomainSettings
    table: Table
    uploads: ObjectStore
    photos: ObjectStore
    work: ObjectStore
    erasures: Queue
    clock: Clock
    persistence: Callable[[], BasePersistenceLayer]
    screening: TextScreening


def send_erasure(queue: Queue, erasure: Erasure) -> None:
    """Have it erased soon. The tombstone is written: a lost message only makes it later."""
    try:
        queue.send(erasure.message())
    except Unavailable as error:
        # An account's id is a person's, who must not stand in a log.
        target = erasure.receipt_id or erasure.id
        telemetry.log_failure("erasure_not_sent", error, kind=erasure.kind, target=target)
