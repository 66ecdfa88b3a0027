"""The accepted photos of a subject, which are judged together and therefore change together.

Each acceptance has a number, the next one of its subject, and is written on the condition that the
number is still free: two photos cannot be accepted without having been judged beside each other.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.photo import PHOTO, Photo, PhotoState, RejectionCode, count_changes
from lambdas.records import keys
from lambdas.records.looks import look_item
from lambdas.records.photos import all_photos, stray_files
from lambdas.records.subjects import IS_LIVE, read_subject
from lambdas.table import AtMost, ConditionFailed, Is, Update, Write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lambdas.domain.look import Look
    from lambdas.ports import Table


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
                "look": look_item(look),
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
            stray_files(outsider.owner, outsider.subject_id, outsider.id, now),
        ]
    writes += [
        Update(
            keys.photo_key(known.owner, known.subject_id, known.id),
            set={"look": look_item(known.look)},
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
