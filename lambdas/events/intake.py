"""Uploads become photos, or are refused with a reason.

    S3 → EventBridge → SQS →   awaiting_upload ──► checking ──► accepted, rejected

Whatever arrives is judged by where the photo stands, so events may come twice, late or unordered:

    gone, or its subject is     the upload is removed; stray files are left to the erasure
    decided or expired          the upload is removed
    awaiting_upload, checking   it is looked at

Looking fails closed: without an answer from moderation the photo stays `checking` and the message
comes back. An accepted photo is written before it is called accepted, and its upload removed last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lambdas import environment, telemetry, wiring
from lambdas.domain.errors import NotFound, Unavailable
from lambdas.domain.locations import UploadKey, photo_key
from lambdas.domain.normalising import NormalPhoto, NotAPhoto, normalise
from lambdas.domain.photo import PHOTO, Photo, PhotoState, RejectionCode
from lambdas.domain.screening import needs_one_face, verdict_on_content, verdict_on_faces
from lambdas.events.queue_batch import queue_handler
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.ports import ObjectMissing, ObjectTooLarge
from lambdas.records import photos
from lambdas.records.subjects import read_subject
from lambdas.screening import fail_closed

if TYPE_CHECKING:
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, ImageModeration, ObjectStore, Postponement, Table

# How often a photo is judged anew because something else changed it in between.
_RACES = 5
# After that long, an upload that we were told of and that is not there will not come.
_LOST_AFTER = timedelta(minutes=15)


@dataclass(frozen=True)
class IntakePorts:
    """`uploads` is the quarantine, `photos` the accepted ones."""

    settings: DomainSettings
    table: Table
    uploads: ObjectStore
    photos: ObjectStore
    moderation: ImageModeration
    clock: Clock
    postponement: Postponement | None = None


def build_handler(ports: IntakePorts) -> Handler:
    """The handler over these ports."""
    intake = Intake(ports)

    def receive(message: Mapping[str, Any]) -> None:
        key = message["detail"]["object"]["key"]
        upload = UploadKey.parse(key)
        if upload is None:
            # Nothing of ours can be uploaded under such a key; the bucket forgets it in a day.
            telemetry.logger.warning("upload_unknown")
            return
        intake.take(upload)

    return queue_handler("intake", receive, ports.postponement)


class Intake:
    """Takes in one upload at a time."""

    def __init__(self, ports: IntakePorts) -> None:
        self._ports = ports

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
            elif not PHOTO.is_final(photo.state) and not self._decide(photo, upload):
                continue
            self._ports.uploads.delete([str(upload)])
            return
        raise Unavailable("records")

    def _decide(self, photo: Photo, upload: UploadKey) -> bool:
        """Look and write the verdict; False if the photo changed meanwhile."""
        try:
            normal = self._look(photo, upload)
        except NotAPhoto as verdict:
            decided = self._step(photo, PhotoState.REJECTED, rejection=verdict.code)
            if decided:
                telemetry.logger.info(
                    "photo_rejected", extra={"photo_id": photo.id, "code": verdict.code}
                )
                telemetry.count("PhotosRejected")
            return decided
        except ObjectMissing:
            return self._missing(photo)
        except NotFound:
            return False
        self._ports.photos.write(
            photo_key(photo.owner, photo.subject_id, photo.id),
            normal.jpeg,
            content_type="image/jpeg",
        )
        size = (normal.width, normal.height)
        decided = self._step(photo, PhotoState.ACCEPTED, size=size)
        if decided:
            telemetry.logger.info("photo_accepted", extra={"photo_id": photo.id})
            telemetry.count("PhotosAccepted")
        return decided

    def _look(self, photo: Photo, upload: UploadKey) -> NormalPhoto:
        rules, moderation = self._ports.settings, self._ports.moderation
        try:
            body = self._ports.uploads.read(str(upload), max_bytes=rules.photos.max_bytes)
        except ObjectTooLarge:
            raise NotAPhoto(RejectionCode.TOO_LARGE) from None
        normal = normalise(body, min_side=rules.photos.min_side)
        confidence = rules.moderation.photo_min_confidence
        with fail_closed():
            code = verdict_on_content(moderation.labels(normal.jpeg, min_confidence=confidence))
        if code is None:
            subject = read_subject(self._ports.table, photo.owner, photo.subject_id)
            if needs_one_face(subject.kind):
                with fail_closed():
                    code = verdict_on_faces(moderation.faces(normal.jpeg))
        if code is not None:
            raise NotAPhoto(code)
        return normal

    def _missing(self, photo: Photo) -> bool:
        """The upload is not there: someone else decided, or it was lost."""
        names = (photo.owner, photo.subject_id, photo.id)
        if photos.find_photo(self._ports.table, *names) != photo:
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
        size: tuple[int, int] | None = None,
    ) -> bool:
        now = self._ports.clock.now()
        return photos.step(self._ports.table, photo, target, now, rejection=rejection, size=size)


def _wired() -> Handler:
    return build_handler(
        IntakePorts(
            settings=environment.current().settings(),
            table=wiring.table(),
            uploads=wiring.bucket("UPLOADS_BUCKET"),
            photos=wiring.bucket("PHOTOS_BUCKET"),
            moderation=wiring.image_moderation(),
            postponement=wiring.postponement(),
            clock=wiring.clock(),
        )
    )


handler = lambda_handler(_wired)
