"""The verdict on one upload beside a set, by the deployed rules and whoever is asked about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.photo_screening.labelled import ACCEPTED, Labelled
from benchmarks.photo_screening.tables import Decision
from lambdas.domain.locations import photo_key
from lambdas.domain.normalising import NotAPhoto
from lambdas.domain.photo import ContentType, Photo, PhotoState, RejectionCode
from lambdas.domain.subject import SubjectKind
from lambdas.events.examining.beside import Comparing
from lambdas.events.examining.one_photo import Examiner

if TYPE_CHECKING:
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import ImageModeration, ObjectStore

# So many of a person are compared pair by pair; from there on one call tells who it is.
SET_SIZE = 5
_UPLOAD = "upload"
_NO_MATTER = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Judge:
    """Judges uploads one at a time; only `gather` makes its set larger."""

    settings: DomainSettings
    store: ObjectStore
    moderation: ImageModeration
    owner: str
    album: list[Photo] = field(default_factory=list)

    def gather(self, given: Iterable[Labelled]) -> Iterator[Decision]:
        """Judge uploads in turn; those that are accepted join the set until it is large enough."""
        for one in given:
            code, photo, jpeg = self._judge(one)
            if photo and len(self.album) < SET_SIZE:
                key = photo_key(self.owner, photo.subject_id, photo.id)
                self.store.write(key, jpeg, content_type=ContentType.JPEG)
                self.album.append(photo)
            yield Decision.on(one, code)

    def judge(self, one: Labelled) -> Decision:
        """What would become of an upload if it came now."""
        return Decision.on(one, self._judge(one)[0])

    def kept(self) -> Iterator[bytes]:
        """The photos of the set, as they are kept."""
        for photo in self.album:
            key = photo_key(self.owner, photo.subject_id, photo.id)
            yield self.store.read(key, max_bytes=self.settings.photos.max_bytes)

    def _judge(self, one: Labelled) -> tuple[str, Photo | None, bytes]:
        """As intake does: alone, then beside the others (`lambdas.events.intake`)."""
        key = f"{self.owner}/{_UPLOAD}"
        self.store.write(key, one.upload, content_type=ContentType.JPEG)
        is_person = one.kind is SubjectKind.PERSON
        others = [photo.look for photo in self.album if photo.look] if is_person else []
        examiner = Examiner(self.settings, self.store, self.moderation)
        try:
            examined = examiner.examine(key, one.kind, others)
            if examined.celebrity is not None:
                # Where moderators decide: until then it is not used.
                return RejectionCode.CELEBRITY, None, b""
            look, jpeg = replace(examined.look, ordinal=len(self.album) + 1), examined.normal.jpeg
            if is_person:
                rules = self.settings.photos.set
                comparing = Comparing(jpeg, rules, self.store, self.moderation)
                look = comparing.stand(look, self.album).look
        except NotAPhoto as verdict:
            return verdict.code, None, b""
        photo = Photo(
            id=str(look.ordinal),
            owner=self.owner,
            subject_id="person",
            content_type=ContentType.JPEG,
            size_bytes=len(one.upload),
            created_at=_NO_MATTER,
            expires_at=_NO_MATTER,
            state=PhotoState.ACCEPTED,
            look=look,
        )
        return ACCEPTED, photo, jpeg
