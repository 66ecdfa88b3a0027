"""Photos whose upload nobody told us about, never came, or whose look at them got lost."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from lambdas import telemetry
from lambdas.domain.locations import UploadKey
from lambdas.domain.photo import Photo, PhotoState
from lambdas.events.reconciling.visiting import visit
from lambdas.records.photos import ENTITY, photo_from, step
from lambdas.records.watching import in_state_since

if TYPE_CHECKING:
    from lambdas.ports import Clock, ObjectStore, Queue, Table
    from lambdas.table import Item

# An event takes seconds. A slot that is younger than this is looked at on the next visit.
_NEWS_TAKE = timedelta(seconds=30)
# The queue delivers a failed look again five times at most, minutes apart.
_LOOKS_TAKE = timedelta(minutes=20)


def reconcile_photos(
    table: Table, clock: Clock, uploads: ObjectStore, intake: Queue, upload_ttl_seconds: int
) -> None:
    """Expire slots whose upload did not come in time; have all others looked at that are there."""
    now = clock.now()
    # The index sorts slots by their expiry, and all of them are wanted.
    horizon = now + timedelta(seconds=upload_ttl_seconds)
    awaited = in_state_since(table, ENTITY, PhotoState.AWAITING_UPLOAD, horizon)
    checked = in_state_since(table, ENTITY, PhotoState.CHECKING, now - _LOOKS_TAKE)

    def look(item: Item) -> None:
        photo = photo_from(item)
        key = _key(photo)
        if photo.state is PhotoState.CHECKING:
            telemetry.logger.warning("look_lost", extra={"photo_id": photo.id})
            intake.send(_created(uploads.bucket, key))
        elif now - photo.created_at < _NEWS_TAKE:
            return
        elif uploads.exists(key):
            telemetry.logger.warning("upload_event_lost", extra={"photo_id": photo.id})
            intake.send(_created(uploads.bucket, key))
        elif photo.has_lapsed(now):
            step(table, photo, PhotoState.EXPIRED, now)

    visit(chain(awaited, checked), look)


def _key(photo: Photo) -> str:
    return str(UploadKey(photo.owner, photo.subject_id, photo.id))


def _created(bucket: str, key: str) -> dict[str, Any]:
    """As EventBridge says it (S3 "Event message structure for Amazon EventBridge")."""
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
    }
