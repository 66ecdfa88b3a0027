"""One face beside those of its subject: is it the same person? See `lambdas.domain.same_person`.

Comparisons cost a call each, so what was found out about a pair is kept: for good with the photos,
and while one photo is judged also over the tries that another photo spoiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambdas.domain.errors import Unavailable
from lambdas.domain.locations import photo_key
from lambdas.domain.normalising import NotAPhoto
from lambdas.domain.photo import Photo, RejectionCode
from lambdas.domain.photo_set import people_in
from lambdas.domain.same_person import People, comparisons, outsiders, undecided
from lambdas.ports import MAX_IMAGE_BYTES, CannotBeScreened, ObjectMissing
from lambdas.screening import fail_closed

if TYPE_CHECKING:
    from lambdas.domain.look import Look
    from lambdas.domain.settings import SetRules
    from lambdas.ports import ImageModeration, ObjectStore


@dataclass(frozen=True)
class Standing:
    """How a new photo stands: its look with what it was compared with, and whom it unmasks.

    `outsiders`: accepted photos that show somebody else, as is known now. `learned`: accepted
    photos of which more is known than before.
    """

    look: Look
    outsiders: tuple[Photo, ...] = ()
    learned: tuple[Photo, ...] = ()


class Comparing:
    """Compares the face of one new photo, the JPEG `jpeg`."""

    def __init__(
        self, jpeg: bytes, rules: SetRules, photos: ObjectStore, moderation: ImageModeration
    ) -> None:
        self._jpeg = jpeg
        self._rules = rules
        self._photos = photos
        self._moderation = moderation
        self._known: dict[tuple[str, str], float | None] = {}

    def stand(self, look: Look, accepted: Sequence[Photo]) -> Standing:
        """Where the photo belongs, beside those that are `accepted`.

        Raises NotAPhoto `different_person` or `no_face`, Unavailable.
        """
        set_ = {photo.look.ordinal: photo for photo in accepted if photo.look}
        people = people_in([photo.look for photo in set_.values() if photo.look], self._rules)
        found = self._likeness(people, set_)
        known = {ordinal: value for ordinal, value in found.items() if value is not None}
        was_settled = bool(people.person())
        if found and not known and was_settled:
            # Those three and more were compared with each other: it is the new face that is none.
            raise NotAPhoto(RejectionCode.NO_FACE)
        people = people.learning(look.ordinal, known)
        if people.person() and look.ordinal not in people.person():
            raise NotAPhoto(RejectionCode.DIFFERENT_PERSON)
        checked = self._make_sure(people, set_)
        learned = [
            replace(set_[one], look=replace(old, likeness={**old.likeness, medoid: value}))
            for one, (medoid, value) in checked.items()
            if (old := set_[one].look)
        ]
        for one, (medoid, value) in checked.items():
            people = people.learning(one, {medoid: value})
        others = outsiders(people)
        return Standing(
            replace(look, likeness=known),
            tuple(set_[one] for one in others if not undecided(people, one)),
            tuple(photo for photo in learned if photo.look and photo.look.ordinal not in others),
        )

    def _likeness(self, people: People, set_: dict[int, Photo]) -> dict[int, float | None]:
        plan = comparisons(people)
        found = self._with(plan.first, set_)
        if not any(
            (value or 0.0) >= self._rules.same_person_similarity for value in found.values()
        ):
            found |= self._with(plan.then, set_)
        if plan.first and not found:
            raise Unavailable("objects")  # they are being erased: see who is left then
        return found

    def _with(self, ordinals: Sequence[int], set_: dict[int, Photo]) -> dict[int, float | None]:
        found = {}
        for ordinal in ordinals:
            try:
                found[ordinal] = self._compared(set_[ordinal], None)
            except ObjectMissing:
                continue
        return found

    def _make_sure(self, people: People, set_: dict[int, Photo]) -> dict[int, tuple[int, float]]:
        """Outsider → the medoid and their likeness, for those who were never compared with it."""
        doubtful = [one for one in outsiders(people) if undecided(people, one)]
        if not doubtful:
            return {}
        medoid = people.medoid(one for one in people.person() if one in set_)
        found = {}
        for one in doubtful:
            try:
                value = self._compared(set_[medoid], set_[one])
            except ObjectMissing:
                continue
            if value is not None:
                found[one] = (medoid, value)
        return found

    def _compared(self, photo: Photo, other: Photo | None) -> float | None:
        """The likeness of a photo and another one, or the new one."""
        pair = (photo.id, other.id if other else "")
        if pair not in self._known:
            against = self._read(other) if other else self._jpeg
            image = self._read(photo)
            try:
                with fail_closed():
                    self._known[pair] = self._moderation.likeness(image, against)
            except CannotBeScreened:
                self._known[pair] = None
        return self._known[pair]

    def _read(self, photo: Photo) -> bytes:
        key = photo_key(photo.owner, photo.subject_id, photo.id)
        return self._photos.read(key, max_bytes=MAX_IMAGE_BYTES)
