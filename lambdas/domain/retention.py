"""When things that are kept for a time only are over; None: when their owner deletes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lambdas.domain.generation import SHOWING_GENERATION_STATES, GenerationState
from lambdas.domain.photo import PHOTO, Photo, PhotoState

if TYPE_CHECKING:
    from lambdas.domain.settings import RetentionDays


_KEPT = PHOTO.final_states | {PhotoState.ACCEPTED, PhotoState.IN_REVIEW}


def generation_expires_at(
    retention: RetentionDays, state: GenerationState, ended_at: datetime
) -> datetime | None:
    """A generation that shows images is kept as those are, any other as a request."""
    shows = state in SHOWING_GENERATION_STATES
    return _after(ended_at, retention.images if shows else retention.requests)


def photo_expires_at(retention: RetentionDays, photo: Photo) -> datetime | None:
    """A photo is kept from its verdict on, or from when a moderator was asked for it.

    One that waits for anything else lapses by other rules.
    """
    if photo.state not in _KEPT or photo.changed_at is None:
        return None
    return _after(photo.changed_at, retention.photos)


def upload_expires_at(retention: RetentionDays, judged_at: datetime) -> datetime:
    """An upload is kept from its verdict on; so is what is known of one that never came."""
    return judged_at + timedelta(days=retention.uploads)


def adapter_expires_at(retention: RetentionDays, trained_at: datetime) -> datetime | None:
    """An adapter is kept from the end of its training on."""
    return _after(trained_at, retention.adapters)


def _after(moment: datetime, days: int | None) -> datetime | None:
    return moment + timedelta(days=days) if days is not None else None
