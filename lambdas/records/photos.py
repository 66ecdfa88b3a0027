"""Photos in the table. Each step of a photo and the counters of its subject change together.

That the places of a subject are never exceeded is a condition on its counter, so two requests at
the same moment cannot both take the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.errors import Conflict, NotFound, Unavailable
from lambdas.domain.photo import (
    PHOTO,
    ContentType,
    Photo,
    PhotoState,
    RejectionCode,
    count_changes,
)
from lambdas.records import keys
from lambdas.records.account import account_erasing, not_erasing
from lambdas.records.erasures import OVERDUE, Erasure, ErasureKind, tombstone
from lambdas.records.looks import look_from
from lambdas.records.subjects import IS_LIVE, read_subject, subject_from
from lambdas.table import NEW, AtMost, ConditionFailed, Delete, Is, Item, Put, Update

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from lambdas.ports import Table
    from lambdas.records.quotas import Spending

ENTITY = "PHOTO"
# How often a change is tried against others that come in between.
_RACES = 5


def photo_from(item: Item) -> Photo:
    """The photo that an item holds."""
    code = item.get("rejection")
    return Photo(
        id=item["id"],
        owner=item["owner"],
        subject_id=item["subject_id"],
        content_type=ContentType(item["content_type"]),
        size_bytes=item["size_bytes"],
        created_at=moments.from_text(item["created_at"]),
        expires_at=moments.from_text(item["expires_at"]),
        state=PhotoState(item["state"]),
        rejection=RejectionCode(code) if code else None,
        width=item.get("width"),
        height=item.get("height"),
        look=look_from(item["look"]) if "look" in item else None,
        changed_at=moments.from_text(item["updated_at"]),
        cleared=item.get("cleared", False),
        heic=item.get("heic", False),
    )


def _item(photo: Photo) -> Item:
    key = keys.photo_key(photo.owner, photo.subject_id, photo.id)
    expires = moments.to_text(photo.expires_at)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "gsi2pk": keys.state_partition(ENTITY, PhotoState.AWAITING_UPLOAD),
        "gsi2sk": expires,
        "id": photo.id,
        "owner": photo.owner,
        "subject_id": photo.subject_id,
        "content_type": photo.content_type.value,
        "size_bytes": photo.size_bytes,
        "state": photo.state.value,
        "created_at": moments.to_text(photo.created_at),
        "updated_at": moments.to_text(photo.created_at),
        "expires_at": expires,
    }


def create_slots(
    table: Table,
    owner: str,
    subject_id: str,
    photos: Sequence[Photo],
    now: datetime,
    *,
    maximum: int,
    spending: Spending | None = None,
) -> None:
    """Save upload slots, all or none.

    Raises Conflict `too_many_photos` if they exceed the free places even after lapsed slots gave
    theirs back, NotFound if the subject is gone, LimitReached if the day's quota is used up.
    """
    wanted = len(photos)
    # In a transaction: the photos, then their subject, then the account, then the day.
    day = [spending.write] if spending else []
    subject = Update(
        keys.subject_key(owner, subject_id),
        add={"places": wanted},
        when=(IS_LIVE, AtMost("places", maximum - wanted)),
    )
    for _ in range(_RACES):
        try:
            slots = (Put(_item(photo), when=NEW) for photo in photos)
            table.write(*slots, subject, not_erasing(owner), *day)
        except ConditionFailed as failed:
            if wanted + 1 in failed.failed:
                raise account_erasing() from failed
            if spending and wanted not in failed.failed:
                raise spending.refusal(table) or failed from failed
            places = read_subject(table, owner, subject_id).photos.places
            if expire_lapsed(table, owner, subject_id, now) or places + wanted <= maximum:
                continue
            free = max(0, maximum - places)
            raise Conflict(
                f"{wanted} photos are too many: {free} of {maximum} places are free. Delete "
                "photos that you do not need.",
                code="too_many_photos",
            ) from failed
        return
    raise Unavailable("records", retry_after=1)


def read_photo(table: Table, owner: str, subject_id: str, photo_id: str) -> Photo:
    """The photo; raises NotFound."""
    item = table.get(keys.photo_key(owner, subject_id, photo_id))
    if item is None:
        raise NotFound("photo")
    return photo_from(item)


def find_photo(table: Table, owner: str, subject_id: str, photo_id: str) -> Photo | None:
    """The photo, or None once it or its subject is gone."""
    item = table.get(keys.photo_key(owner, subject_id, photo_id))
    subject = table.get(keys.subject_key(owner, subject_id))
    if item is None or subject is None or not subject_from(subject).is_live:
        return None
    return photo_from(item)


def list_photos(
    table: Table,
    owner: str,
    subject_id: str,
    *,
    limit: int = 100,
    after: Mapping[str, str] | None = None,
) -> tuple[list[Photo], Mapping[str, str] | None]:
    """A page of a subject's photos, the oldest first, and the position after it."""
    page = table.query(
        keys.owner_partition(owner), prefix=keys.photos_of(subject_id), limit=limit, after=after
    )
    return [photo_from(item) for item in page.items], page.next


def all_photos(table: Table, owner: str, subject_id: str) -> Iterator[Photo]:
    """All of a subject's photos."""
    after = None
    while True:
        photos, after = list_photos(table, owner, subject_id, after=after)
        yield from photos
        if after is None:
            return


def step(
    table: Table,
    photo: Photo,
    target: PhotoState,
    now: datetime,
    *,
    rejection: RejectionCode | None = None,
    heic: bool = False,
) -> bool:
    """Move a photo on; False if it is no longer where `photo` says, or its subject is gone.

    Raises IllegalTransition for a step that does not exist. Acceptance is `photo_sets.accept`'s.
    """
    PHOTO.step(photo.state, target)
    since = moments.to_text(now)
    changes: dict[str, Any] = {"state": target.value, "updated_at": since}
    watched = target is PhotoState.CHECKING
    if watched:
        changes |= {"gsi2pk": keys.state_partition(ENTITY, target), "gsi2sk": since}
    if rejection is not None:
        changes["rejection"] = rejection.value
    if heic:
        changes["heic"] = True
    try:
        table.write(
            Update(
                keys.photo_key(photo.owner, photo.subject_id, photo.id),
                set=changes,
                remove=() if watched else ("gsi2pk", "gsi2sk", "look"),
                when=(Is("state", photo.state.value),),
            ),
            Update(
                keys.subject_key(photo.owner, photo.subject_id),
                add=count_changes(photo.state, target),
                when=(IS_LIVE,),
            ),
        )
    except ConditionFailed:
        return False
    return True


def expire_lapsed(table: Table, owner: str, subject_id: str, now: datetime) -> int:
    """Give back the places of uploads that never came; how many there were."""
    return sum(
        step(table, photo, PhotoState.EXPIRED, now)
        for photo in all_photos(table, owner, subject_id)
        if photo.has_lapsed(now)
    )


def begin_photo_erasure(
    table: Table, owner: str, subject_id: str, photo_id: str, now: datetime
) -> Erasure:
    """Remove the photo from its subject, with its review, and leave a tombstone for its files.

    Raises NotFound.
    """
    erasure = Erasure(ErasureKind.PHOTO, owner, photo_id, subject_id)
    for _ in range(_RACES):
        photo = read_photo(table, owner, subject_id, photo_id)
        try:
            table.write(
                Delete(
                    keys.photo_key(owner, subject_id, photo_id),
                    when=(Is("state", photo.state.value),),
                ),
                Update(
                    keys.subject_key(owner, subject_id),
                    set={"updated_at": moments.to_text(now)},
                    add=count_changes(photo.state, None),
                    when=(IS_LIVE,),
                ),
                tombstone(erasure, due=now + OVERDUE),
                Delete(keys.photo_review_key(owner, subject_id, photo_id)),
            )
        except ConditionFailed as failed:
            if 1 in failed.failed:
                raise NotFound("photo") from failed
            continue
        return erasure
    raise Unavailable("records", retry_after=1)


def remember_stray_files(
    table: Table, owner: str, subject_id: str, photo_id: str, now: datetime
) -> None:
    """A photo is gone, yet its files may have been written since: have them erased now."""
    table.write(stray_files(owner, subject_id, photo_id, now))


def stray_files(owner: str, subject_id: str, photo_id: str, now: datetime) -> Put:
    """The write that has the files of such a photo erased now."""
    return tombstone(Erasure(ErasureKind.PHOTO, owner, photo_id, subject_id), due=now)
