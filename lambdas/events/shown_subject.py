"""Whom a generation shows, and a photo of them to compare its images with.

The photo is chosen from those that are accepted *now*, and read when it is needed: nothing is kept
of a face beside the photos, and what its owner deleted is compared with nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain.errors import NotFound
from lambdas.domain.image_screening import NOBODY, ShownSubject
from lambdas.domain.locations import photo_key
from lambdas.domain.photo_set import most_typical
from lambdas.domain.subject import SubjectKind
from lambdas.ports import MAX_IMAGE_BYTES, ObjectMissing, ObjectTooLarge
from lambdas.records.photo_sets import read_set
from lambdas.records.subjects import read_subject

if TYPE_CHECKING:
    from lambdas.domain.generation import Generation
    from lambdas.domain.settings import SetRules
    from lambdas.ports import ObjectStore, Table


def shown_subject(
    table: Table, photos: ObjectStore, generation: Generation, rules: SetRules
) -> ShownSubject:
    """The subject of the generation; without a reference unless it is a person with photos."""
    subject_id = generation.plan.subject_id
    if subject_id is None:
        return NOBODY
    try:
        kind = read_subject(table, generation.owner, subject_id).kind
        if kind is not SubjectKind.PERSON:
            return ShownSubject(kind)
        accepted, _ = read_set(table, generation.owner, subject_id)
    except NotFound:
        return NOBODY  # it is being erased, and its generations with it
    by_ordinal = {photo.look.ordinal: photo for photo in accepted if photo.look}
    chosen = most_typical([photo.look for photo in accepted if photo.look], rules)
    if chosen is None:
        return ShownSubject(kind)
    key = photo_key(generation.owner, subject_id, by_ordinal[chosen].id)
    try:
        return ShownSubject(kind, photos.read(key, max_bytes=MAX_IMAGE_BYTES))
    except (ObjectMissing, ObjectTooLarge):
        return ShownSubject(kind)
