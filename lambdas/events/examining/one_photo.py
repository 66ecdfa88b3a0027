"""One upload, looked at alone: from bytes in quarantine to a normal photo and what it looks like.

    free        decode, measure, compare hashes with those that are there
    a call      DetectModerationLabels: is it allowed here at all?
    a call      DetectFaces: is a child in it; for a person, is it one face, and a good one?
    a call      RecognizeCelebrities, if there is a face and the environment wants to know

The first rule that is broken is the verdict, and no further call is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambdas.domain import measuring, photo_rules
from lambdas.domain.look import Look
from lambdas.domain.normalising import NormalPhoto, NotAPhoto, normalise
from lambdas.domain.photo import RejectionCode
from lambdas.domain.photo_set import is_duplicate
from lambdas.domain.subject import SubjectKind
from lambdas.ports import CannotBeScreened, ObjectTooLarge
from lambdas.screening import fail_closed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Face, ImageModeration, ObjectStore


@dataclass(frozen=True)
class Examined:
    """A photo that may be accepted, as far as it is judged alone.

    `celebrity`: how certain it is (0–100) that somebody famous is on it, about whom a moderator has
    to decide first; None: nobody is.
    """

    normal: NormalPhoto
    look: Look
    celebrity: float | None = None


class Examiner:
    """Looks at uploads by the rules of one environment."""

    def __init__(
        self, settings: DomainSettings, uploads: ObjectStore, moderation: ImageModeration
    ) -> None:
        self._photos = settings.photos
        self._safety = settings.moderation
        self._uploads = uploads
        self._moderation = moderation

    def examine(self, key: str, kind: SubjectKind, others: Sequence[Look]) -> Examined:
        """Look at the upload `key`; `others` are the looks of the photos that were accepted.

        Raises NotAPhoto with the verdict, ObjectMissing, Unavailable.
        """
        normal = self._normal(key)
        picture = measuring.opened(normal.jpeg)
        picture_hash = measuring.perceptual_hash(picture)
        if is_duplicate(picture_hash, others, self._photos.set):
            raise NotAPhoto(RejectionCode.NEAR_DUPLICATE)
        brightness, sharpness = measuring.brightness(picture), measuring.sharpness(picture)
        _reject(
            photo_rules.verdict_on_picture(kind, brightness, sharpness, self._photos.picture),
        )
        try:
            with fail_closed():
                face, celebrity = self._ask(normal, kind)
        except CannotBeScreened:
            raise NotAPhoto(RejectionCode.UNREADABLE) from None
        look = Look(
            hash=picture_hash,
            brightness=round(brightness, 1),
            sharpness=round(sharpness, 1),
            background=measuring.background(picture, face),
            pose=face.pose if face else None,
        )
        if face and face.places:
            # What is learned from will be cropped by it.
            normal = replace(normal, jpeg=face.places.marked(normal.jpeg))
        return Examined(normal, look, celebrity)

    def _normal(self, key: str) -> NormalPhoto:
        rules = self._photos
        try:
            body = self._uploads.read(key, max_bytes=rules.max_bytes)
        except ObjectTooLarge:
            raise NotAPhoto(RejectionCode.TOO_LARGE) from None
        return normalise(body, min_side=rules.min_side, max_megapixels=rules.max_megapixels)

    def _ask(self, normal: NormalPhoto, kind: SubjectKind) -> tuple[Face | None, float | None]:
        """The person's face, None for other kinds; and `Examined.celebrity`."""
        moderation, safety, rules = self._moderation, self._safety, self._photos.face
        labels = moderation.labels(normal.jpeg, min_confidence=safety.photo_min_confidence)
        _reject(photo_rules.verdict_on_content(labels, safety))
        faces = photo_rules.certain_faces(moderation.faces(normal.jpeg), rules)
        _reject(photo_rules.verdict_on_age(faces, safety))
        face = None
        if kind is SubjectKind.PERSON:
            _reject(photo_rules.verdict_on_number(faces))
            face = faces[0]
            size = (normal.width, normal.height)
            _reject(photo_rules.verdict_on_face(face, size, rules))
        celebrity = None
        if photo_rules.asks_for_celebrities(faces, safety):
            celebrity = photo_rules.celebrity_in(moderation.celebrities(normal.jpeg), safety)
            _reject(photo_rules.verdict_on_celebrities(celebrity, safety))
        return face, celebrity


def _reject(code: RejectionCode | None) -> None:
    if code is not None:
        raise NotAPhoto(code)
