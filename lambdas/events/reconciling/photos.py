"""Photos whose upload nobody told us about, never came, or whose look at them got lost."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.locations import UploadKey
from lambdas.domain.photo import Photo, PhotoState
from lambdas.events.reconciling.quarantine import LOOKS_TAKE, NEWS_TAKE, object_created
from lambdas.events.reconciling.visiting import visit
from lambdas.records.photos import ENTITY, photo_from, step
from lambdas.records.watching import in_state_since

if TYPE_CHECKING:
    from lambdas.ports import Clock, ObjectStore, Queue, Table
    from lambdas.table import Item


def reconcile_photos(
    table: Table, clock: Clock, uploads: ObjectStore, intake: Queue, upload_ttl_seconds: int
) -> None:
    """Expire slots whose upload did not come in time; have all others looked at that are there."""
    now = clock.now()
    # The index sorts slots by their expiry, and all of them are wanted.
    horizon = now + timedelta(seconds=upload_ttl_seconds)
    awaited = in_state_since(table, ENTITY, PhotoState.AWAITING_UPLOAD, horizon)
    checked = in_state_since(table, ENTITY, PhotoState.CHECKING, now - LOOKS_TAKE)

    def look(item: Item) -> None:
        photo = photo_from(item)
        key = _key(photo)
        if photo.state is PhotoState.CHECKING:
            telemetry.logger.warning("look_lost", extra={"photo_id": photo.id})
            intake.send(object_created(uploads.bucket, key))
        elif now - photo.created_at < NEWS_TAKE:
            return
        elif uploads.exists(key):
            telemetry.logger.warning("upload_event_lost", extra={"photo_id": photo.id})
            intake.send(object_created(uploads.bucket, key))
        elif photo.has_lapsed(now):
            step(table, photo, PhotoState.EXPIRED, now)

    visit(chain(awaited, checked), look)


def _key(photo: Photo) -> str:
    return str(UploadKey(photo.owner, photo.subject_id, photo.id))
