"""Photos in the table. Each step of a photo and the counters of its subject change together.

That the places of a subject are never exceeded is a condition on its counter, so two requests at
the same moment cannot both take the last one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.errors import Conflict, NotFound, Unavailable
from lambdas.domain.look import Look, Pose
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
from lambdas.records.subjects import IS_LIVE, read_subject, subject_from
from lambdas.table import NEW, AtMost, ConditionFailed, Delete, Is, Item, Put, Update, Write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from lambdas.ports import Table

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
        look=_look_from(item["look"]) if "look" in item else None,
        changed_at=moments.from_text(item["updated_at"]),
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


def _look_from(item: Item) -> Look:
    pose = item.get("pose")
    return Look(
        hash=int(item["hash"], 16),
        brightness=item["brightness"],
        sharpness=item["sharpness"],
        background=tuple(item["background"]),
        pose=Pose(*pose) if pose else None,
        ordinal=item["ordinal"],
        likeness={int(other): float(value) for other, value in item["likeness"].items()},
    )


def _look_item(look: Look) -> Item:
    return {
        "hash": f"{look.hash:016x}",
        "brightness": look.brightness,
        "sharpness": look.sharpness,
        "background": list(look.background),
        "pose": [look.pose.yaw, look.pose.pitch, look.pose.roll] if look.pose else None,
        "ordinal": look.ordinal,
        # By ordinal, not by id: a photo that is deleted is named nowhere.
        "likeness": {str(other): value for other, value in look.likeness.items()},
    }


def create_slots(
    table: Table,
    owner: str,
    subject_id: str,
    photos: Sequence[Photo],
    now: datetime,
    *,
    maximum: int,
) -> None:
    """Save upload slots, all or none.

    Raises Conflict `too_many_photos` if they exceed the free places even after lapsed slots gave
    theirs back, NotFound if the subject is gone.
    """
    wanted = len(photos)
    # In a transaction: the photos, then their subject, then the account.
    subject = Update(
        keys.subject_key(owner, subject_id),
        add={"places": wanted},
        when=(IS_LIVE, AtMost("places", maximum - wanted)),
    )
    for _ in range(_RACES):
        try:
            table.write(
                *(Put(_item(photo), when=NEW) for photo in photos), subject, not_erasing(owner)
            )
        except ConditionFailed as failed:
            if wanted + 1 in failed.failed:
                raise account_erasing() from failed
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
) -> bool:
    """Move a photo on; False if it is no longer where `photo` says, or its subject is gone.

    Raises IllegalTransition for a step that does not exist. Acceptance is `accept`'s.
    """
    PHOTO.step(photo.state, target)
    since = moments.to_text(now)
    changes: dict[str, Any] = {"state": target.value, "updated_at": since}
    watched = target is PhotoState.CHECKING
    if watched:
        changes |= {"gsi2pk": keys.state_partition(ENTITY, target), "gsi2sk": since}
    if rejection is not None:
        changes["rejection"] = rejection.value
    try:
        table.write(
            Update(
                keys.photo_key(photo.owner, photo.subject_id, photo.id),
                set=changes,
                remove=() if watched else ("gsi2pk", "gsi2sk"),
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


def accept(
    table: Table,
    photo: Photo,
    look: Look,
    size: tuple[int, int],
    now: datetime,
    *,
    outsiders: Sequence[Photo] = (),
    learned: Sequence[Photo] = (),
) -> bool:
    """Accept a photo, the `look.ordinal`-th of its subject; all or nothing.

    False if it is no longer where `photo` says, its subject is gone, or another photo was accepted
    since the set was looked at: the verdict may then be another. `outsiders` are accepted photos
    that turned out to show somebody else; they are rejected, and their files left to the erasure.
    `learned` are accepted photos whose `look` has more in it than before. `size` is (width, height)
    in pixels.
    """
    PHOTO.step(photo.state, PhotoState.ACCEPTED)
    since = moments.to_text(now)
    counts = Counter(count_changes(photo.state, PhotoState.ACCEPTED))
    writes: list[Write] = [
        Update(
            keys.photo_key(photo.owner, photo.subject_id, photo.id),
            set={
                "state": PhotoState.ACCEPTED.value,
                "updated_at": since,
                "width": size[0],
                "height": size[1],
                "look": _look_item(look),
            },
            remove=("gsi2pk", "gsi2sk"),
            when=(Is("state", photo.state.value),),
        )
    ]
    for outsider in outsiders:
        PHOTO.step(outsider.state, PhotoState.REJECTED)
        counts.update(count_changes(outsider.state, PhotoState.REJECTED))
        writes += [
            Update(
                keys.photo_key(outsider.owner, outsider.subject_id, outsider.id),
                set={
                    "state": PhotoState.REJECTED.value,
                    "rejection": RejectionCode.DIFFERENT_PERSON.value,
                    "updated_at": since,
                },
                remove=("look",),
                when=(Is("state", outsider.state.value),),
            ),
            _stray_files(outsider.owner, outsider.subject_id, outsider.id, now),
        ]
    writes += [
        Update(
            keys.photo_key(known.owner, known.subject_id, known.id),
            set={"look": _look_item(known.look)},
            when=(Is("state", PhotoState.ACCEPTED.value),),
        )
        for known in learned
        if known.look
    ]
    subject = Update(
        keys.subject_key(photo.owner, photo.subject_id),
        # The ordinal is one more than the photos that the verdict knew of.
        set={"photos_accepted_ever": look.ordinal},
        add={name: change for name, change in counts.items() if change},
        when=(IS_LIVE, AtMost("photos_accepted_ever", look.ordinal - 1)),
    )
    try:
        table.write(*writes, subject)
    except ConditionFailed:
        return False
    return True


def read_set(table: Table, owner: str, subject_id: str) -> tuple[list[Photo], int]:
    """The accepted photos, and how many were ever accepted; raises NotFound.

    The number is read first: what is accepted in between makes `accept` fail, never the set old.
    """
    ever = read_subject(table, owner, subject_id).photos.accepted_ever
    found = all_photos(table, owner, subject_id)
    return [photo for photo in found if photo.state is PhotoState.ACCEPTED], ever


def accepted_looks(table: Table, owner: str, subject_id: str) -> list[Look]:
    """What is remembered of the accepted photos."""
    found = all_photos(table, owner, subject_id)
    return [photo.look for photo in found if photo.state is PhotoState.ACCEPTED and photo.look]


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
    """Remove the photo from its subject and leave a tombstone for its files; raises NotFound."""
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
    table.write(_stray_files(owner, subject_id, photo_id, now))


def _stray_files(owner: str, subject_id: str, photo_id: str, now: datetime) -> Put:
    return tombstone(Erasure(ErasureKind.PHOTO, owner, photo_id, subject_id), due=now)
