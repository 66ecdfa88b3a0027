"""Uploads whose file nobody told us about, never came, or whose look at it got lost."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.locations import SourceKey
from lambdas.domain.retention import upload_expires_at
from lambdas.domain.upload import UploadState
from lambdas.events.reconciling.quarantine import LOOKS_TAKE, NEWS_TAKE, object_created
from lambdas.events.reconciling.visiting import visit
from lambdas.records.uploads import ENTITY, end_upload, upload_from
from lambdas.records.watching import in_state_since

if TYPE_CHECKING:
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, ObjectStore, Queue, Table
    from lambdas.table import Item


def reconcile_uploads(
    table: Table, clock: Clock, uploads: ObjectStore, intake: Queue, settings: DomainSettings
) -> None:
    """Expire slots whose file did not come in time; have all others looked at that are there."""
    now = clock.now()
    # The index sorts slots by their end, and all of them are wanted.
    horizon = now + timedelta(seconds=settings.photos.upload_ttl_seconds)
    awaited = in_state_since(table, ENTITY, UploadState.AWAITING_UPLOAD, horizon)
    checked = in_state_since(table, ENTITY, UploadState.CHECKING, now - LOOKS_TAKE)

    def look(item: Item) -> None:
        upload = upload_from(item)
        key = str(SourceKey(upload.owner, upload.id))
        if upload.state is UploadState.CHECKING:
            telemetry.logger.warning("look_lost", extra={"upload_id": upload.id})
            intake.send(object_created(uploads.bucket, key))
        elif now - upload.created_at < NEWS_TAKE:
            return
        elif uploads.exists(key):
            telemetry.logger.warning("upload_event_lost", extra={"upload_id": upload.id})
            intake.send(object_created(uploads.bucket, key))
        elif upload.has_lapsed(now):
            over = upload_expires_at(settings.retention_days, now)
            end_upload(table, upload, UploadState.EXPIRED, now, over)

    visit(chain(awaited, checked), look)
