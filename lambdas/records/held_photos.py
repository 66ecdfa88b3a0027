"""Photos that a moderator has to look at: held by screening, decided in the same transaction.

What is known of such a photo is kept with it, and its picture lies where accepted ones do: once a
moderator lets it pass it is judged beside the others as it is, without its upload.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.photo import PHOTO, Photo, PhotoState, RejectionCode, count_changes
from lambdas.domain.review import HeldPhoto, Review, ReviewReason
from lambdas.ports import ModerationLabel
from lambdas.records import keys
from lambdas.records.account import not_erasing
from lambdas.records.looks import look_item
from lambdas.records.photos import ENTITY, stray_files
from lambdas.records.reviews import new
from lambdas.records.subjects import IS_LIVE
from lambdas.table import Check, ConditionFailed, Is, Update, Write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lambdas.domain.look import Look
    from lambdas.ports import Table

# What a moderator reads of it, as of a generated image.
_LABEL, _ABOVE = "Celebrity", "celebrity"


def hold(
    table: Table,
    photo: Photo,
    look: Look,
    size: tuple[int, int],
    celebrity: float,
    now: datetime,
    retention_days: int | None,
) -> bool:
    """Have a moderator decide about a photo; False if it is no longer where `photo` says.

    `size` is (width, height) in pixels, `celebrity` how certain (0–100) somebody famous is on it.
    """
    ends = now + timedelta(days=retention_days) if retention_days is not None else None
    review = Review(
        id=new_id(Prefix.REVIEW, now),
        owner=photo.owner,
        of=HeldPhoto(photo.subject_id, photo.id),
        reason=ReviewReason.SCREENING,
        opened_at=now,
        created_at=now,
        labels=(ModerationLabel(_LABEL, _ABOVE, celebrity),),
        expires_at=moments.to_epoch(ends) if ends else None,
    )
    kept = {"width": size[0], "height": size[1], "look": look_item(look)}
    try:
        table.write(
            *_moving(photo, PhotoState.IN_REVIEW, now, kept, remove=("gsi2pk", "gsi2sk")),
            new(review),
            not_erasing(photo.owner),
        )
    except ConditionFailed:
        return False
    return True


def cleared(photo: Photo, now: datetime) -> list[Write]:
    """The writes that send a photo on to be judged beside the others."""
    watched = {
        "gsi2pk": keys.state_partition(ENTITY, PhotoState.CHECKING),
        "gsi2sk": moments.to_text(now),
    }
    return _moving(photo, PhotoState.CHECKING, now, {"cleared": True, **watched})


def refused(photo: Photo, now: datetime) -> list[Write]:
    """The writes that reject a photo, and have what is kept of it erased."""
    code = {"rejection": RejectionCode.CELEBRITY.value}
    return [
        *_moving(photo, PhotoState.REJECTED, now, code, remove=("look",)),
        stray_files(photo.owner, photo.subject_id, photo.id, now),
    ]


def _moving(
    photo: Photo,
    target: PhotoState,
    now: datetime,
    changes: dict[str, Any],
    *,
    remove: Sequence[str] = (),
) -> list[Write]:
    PHOTO.step(photo.state, target)
    subject, counts = (
        keys.subject_key(photo.owner, photo.subject_id),
        count_changes(photo.state, target),
    )
    return [
        Update(
            keys.photo_key(photo.owner, photo.subject_id, photo.id),
            set={"state": target.value, "updated_at": moments.to_text(now), **changes},
            remove=tuple(remove),
            when=(Is("state", photo.state.value),),
        ),
        Update(subject, add=counts, when=(IS_LIVE,)) if counts else Check(subject, (IS_LIVE,)),
    ]
