"""Photos are taken in, or refused with a reason; uploads for generations: `upload_intake`.

    S3 → EventBridge → SQS →   awaiting_upload ──► checking ──► accepted, rejected
                                                    │    ▲
                                                    ▼    │ a moderator lets it pass
                                                   in_review

Whatever arrives is judged by where the photo stands, so events may come twice, late or unordered:

    gone, or its subject is     the upload is removed; stray files are left to the erasure
    decided or expired          the upload is removed
    awaiting_upload, checking   it is looked at
    in_review                   the upload is removed: the picture is kept beside accepted ones
    checking, once cleared      what was kept of it is judged beside the others

Looking fails closed: without an answer from moderation the photo stays `checking` and the message
comes back. An accepted photo is written before it is called accepted, and its upload removed last.

A photo is judged alone, then beside the others. Those may change meanwhile, as uploads come many at
a time: acceptance is a write on the condition that nobody was accepted since, and if that fails
only the second part is done again. It may also unmask earlier photos that show somebody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lambdas import environment, telemetry, wiring
from lambdas.domain.errors import NotFound, Unavailable
from lambdas.domain.locations import SourceKey, UploadKey, photo_key
from lambdas.domain.normalising import NormalPhoto, NotAPhoto
from lambdas.domain.photo import Photo, PhotoState, RejectionCode
from lambdas.domain.photo_set import is_duplicate
from lambdas.domain.subject import SubjectKind
from lambdas.events.examining.beside import Comparing, Standing
from lambdas.events.examining.one_photo import Examined, Examiner
from lambdas.events.queue_batch import queue_handler
from lambdas.events.upload_intake import UploadIntake
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.ports import MAX_IMAGE_BYTES, ObjectMissing
from lambdas.records import held_photos, photo_sets, photos
from lambdas.records.subjects import read_subject
from lambdas.violations import record_violation

if TYPE_CHECKING:
    from lambdas.domain.look import Look
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, ImageModeration, ObjectStore, Postponement, Table

# How often a photo is judged anew because something else changed it in between.
_RACES = 5
# After that long, an upload that we were told of and that is not there will not come.
_LOST_AFTER = timedelta(minutes=15)
_JUDGED_LAST = {RejectionCode.NEAR_DUPLICATE, RejectionCode.DIFFERENT_PERSON, RejectionCode.NO_FACE}


@dataclass(frozen=True)
class IntakePorts:
    """`uploads` is the quarantine, `photos` has accepted photos, `work` accepted uploads."""

    settings: DomainSettings
    table: Table
    uploads: ObjectStore
    photos: ObjectStore
    work: ObjectStore
    moderation: ImageModeration
    clock: Clock
    postponement: Postponement | None = None


def build_handler(ports: IntakePorts) -> Handler:
    """The handler over these ports."""
    intake = Intake(ports)
    sources = UploadIntake(
        ports.settings, ports.table, ports.uploads, ports.work, ports.moderation, ports.clock
    )

    def receive(message: Mapping[str, Any]) -> None:
        key = message["detail"]["object"]["key"]
        if (photo := UploadKey.parse(key)) is not None:
            intake.take(photo)
        elif (source := SourceKey.parse(key)) is not None:
            sources.take(source)
        else:
            # Nothing of ours can be uploaded under such a key; the bucket forgets it in a day.
            telemetry.logger.warning("upload_unknown")

    return queue_handler("intake", receive, ports.postponement)


class Intake:
    """Takes in one upload at a time."""

    def __init__(self, ports: IntakePorts) -> None:
        self._ports = ports
        self._examiner = Examiner(ports.settings, ports.uploads, ports.moderation)

    def take(self, upload: UploadKey) -> None:
        """Bring the photo to a verdict; raises Unavailable to be asked again."""
        names = (upload.owner, upload.subject_id, upload.photo_id)
        for _ in range(_RACES):
            photo = photos.find_photo(self._ports.table, *names)
            if photo is None:
                now = self._ports.clock.now()
                photos.remember_stray_files(self._ports.table, *names, now)
            elif photo.state is PhotoState.AWAITING_UPLOAD:
                self._step(photo, PhotoState.CHECKING)
                continue
            elif photo.state is PhotoState.CHECKING and not self._decide(photo, upload):
                continue
            self._ports.uploads.delete([str(upload)])
            return
        raise Unavailable("records")

    def _decide(self, photo: Photo, upload: UploadKey) -> bool:
        """Look and write the verdict; False if the photo changed meanwhile."""
        try:
            return self._look(photo, upload)
        except NotAPhoto as verdict:
            return self._reject(photo, verdict.code, heic=verdict.heic)
        except ObjectMissing:
            return self._missing(photo)
        except NotFound:
            return False

    def _look(self, photo: Photo, upload: UploadKey) -> bool:
        """Accept the photo, or raise the verdict; False if the photo changed meanwhile."""
        ports = self._ports
        subject = read_subject(ports.table, photo.owner, photo.subject_id)
        accepted, _ = photo_sets.read_set(ports.table, photo.owner, photo.subject_id)
        if photo.cleared and photo.look:
            examined = Examined(self._kept(photo), photo.look)
        else:
            examined = self._examiner.examine(str(upload), subject.kind, _looks(accepted))
        if examined.celebrity is not None:
            return self._hold(photo, examined, examined.celebrity)
        comparing = Comparing(
            examined.normal.jpeg, ports.settings.photos.set, ports.photos, ports.moderation
        )
        # As often as other photos can be accepted in between.
        for _ in range(ports.settings.photos.maximum):
            accepted, ever = photo_sets.read_set(ports.table, photo.owner, photo.subject_id)
            standing = self._standing(examined.look, subject.kind, accepted, ever, comparing)
            if self._accept(photo, examined.normal, standing):
                return True
            if photos.find_photo(ports.table, *_names(photo)) != photo:
                return False
        raise Unavailable("records")

    def _standing(
        self,
        look: Look,
        kind: SubjectKind,
        accepted: Sequence[Photo],
        ever: int,
        comparing: Comparing,
    ) -> Standing:
        if is_duplicate(look.hash, _looks(accepted), self._ports.settings.photos.set):
            raise NotAPhoto(RejectionCode.NEAR_DUPLICATE)
        look = replace(look, ordinal=ever + 1)
        if kind is not SubjectKind.PERSON:
            return Standing(look)
        try:
            return comparing.stand(look, accepted)
        except ObjectMissing:
            raise Unavailable("objects") from None

    def _kept(self, photo: Photo) -> NormalPhoto:
        """What a moderator let pass; raises ObjectMissing."""
        # What was normalised has at most 5 MB; a bound is needed, not a rule.
        jpeg = self._ports.photos.read(photo_key(*_names(photo)), max_bytes=MAX_IMAGE_BYTES)
        return NormalPhoto(jpeg, photo.width or 0, photo.height or 0)

    def _hold(self, photo: Photo, examined: Examined, celebrity: float) -> bool:
        """Have a moderator decide; False if the photo changed meanwhile."""
        ports, normal = self._ports, examined.normal
        ports.photos.write(photo_key(*_names(photo)), normal.jpeg, content_type="image/jpeg")
        held = held_photos.hold(
            ports.table,
            photo,
            examined.look,
            (normal.width, normal.height),
            celebrity,
            ports.clock.now(),
            ports.settings.retention_days.photos,
        )
        if held:
            telemetry.logger.info("photo_held", extra={"photo_id": photo.id})
            telemetry.count("PhotosHeld")
        return held

    def _accept(self, photo: Photo, normal: NormalPhoto, standing: Standing) -> bool:
        key = photo_key(*_names(photo))
        self._ports.photos.write(key, normal.jpeg, content_type="image/jpeg")
        accepted = photo_sets.accept(
            self._ports.table,
            photo,
            standing.look,
            (normal.width, normal.height),
            self._ports.clock.now(),
            outsiders=standing.outsiders,
            learned=standing.learned,
        )
        if accepted:
            telemetry.logger.info("photo_accepted", extra={"photo_id": photo.id})
            telemetry.count("PhotosAccepted")
            for outsider in standing.outsiders:
                _tell_rejected(outsider, RejectionCode.DIFFERENT_PERSON)
        return accepted

    def _reject(self, photo: Photo, code: RejectionCode, *, heic: bool = False) -> bool:
        if code in _JUDGED_LAST:
            # It may have been written already, for a verdict that another photo spoiled.
            now = self._ports.clock.now()
            photos.remember_stray_files(self._ports.table, *_names(photo), now)
        decided = self._step(photo, PhotoState.REJECTED, rejection=code, heic=heic)
        if decided:
            _tell_rejected(photo, code)
        if decided and code is RejectionCode.UNSAFE:
            ports = self._ports
            rules = ports.settings.moderation.violations
            record_violation(ports.table, photo.owner, ports.clock.now(), rules)
        return decided

    def _missing(self, photo: Photo) -> bool:
        """The upload is not there: someone else decided, or it was lost."""
        if photos.find_photo(self._ports.table, *_names(photo)) != photo:
            return False
        since = photo.changed_at or photo.created_at
        if self._ports.clock.now() - since < _LOST_AFTER:
            raise Unavailable("objects")
        return self._step(photo, PhotoState.REJECTED, rejection=RejectionCode.UPLOAD_LOST)

    def _step(
        self,
        photo: Photo,
        target: PhotoState,
        *,
        rejection: RejectionCode | None = None,
        heic: bool = False,
    ) -> bool:
        now = self._ports.clock.now()
        return photos.step(self._ports.table, photo, target, now, rejection=rejection, heic=heic)


def _names(photo: Photo) -> tuple[str, str, str]:
    return (photo.owner, photo.subject_id, photo.id)


def _looks(accepted: Sequence[Photo]) -> list[Look]:
    return [photo.look for photo in accepted if photo.look]


def _tell_rejected(photo: Photo, code: RejectionCode) -> None:
    telemetry.logger.info("photo_rejected", extra={"photo_id": photo.id, "code": code})
    telemetry.count("PhotosRejected")


def _wired() -> Handler:
    return build_handler(
        IntakePorts(
            settings=environment.current().settings(),
            table=wiring.table(),
            uploads=wiring.bucket("UPLOADS_BUCKET"),
            photos=wiring.bucket("PHOTOS_BUCKET"),
            work=wiring.bucket("WORK_BUCKET"),
            moderation=wiring.image_moderation(),
            postponement=wiring.postponement(),
            clock=wiring.clock(),
        )
    )


handler = lambda_handler(_wired)
