"""Uploads for generations: looked at, then kept or refused with a reason.

    S3 → EventBridge → SQS →   awaiting_upload ──► checking ──► accepted, rejected

As with photos (`lambdas.events.intake`, whose handler calls this), whatever arrives is judged by
where its upload stands, looking fails closed, and what is accepted is written before it is called
so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lambdas import telemetry
from lambdas.domain.errors import Unavailable
from lambdas.domain.locations import SourceKey, source_key
from lambdas.domain.retention import upload_expires_at
from lambdas.domain.source_image import RefusedSource
from lambdas.domain.upload import Upload, UploadRejection, UploadState
from lambdas.ports import ObjectMissing, ObjectTooLarge
from lambdas.records import uploads
from lambdas.source_examination import SourceExamination
from lambdas.violations import record_violation

if TYPE_CHECKING:
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, ImageModeration, ObjectStore, Table

# How often an upload is judged anew because something else changed it in between.
_RACES = 5
# After that long, a file that we were told of and that is not there will not come.
_LOST_AFTER = timedelta(minutes=15)


@dataclass(frozen=True)
class UploadIntake:
    """Takes in one upload at a time: from the quarantine `uploads` into `work`."""

    settings: DomainSettings
    table: Table
    uploads: ObjectStore
    work: ObjectStore
    moderation: ImageModeration
    clock: Clock

    def take(self, key: SourceKey) -> None:
        """Bring the upload to a verdict; raises Unavailable to be asked again."""
        for _ in range(_RACES):
            upload = uploads.find_upload(self.table, key.owner, key.upload_id)
            now = self.clock.now()
            if upload is None:
                uploads.remember_stray_files(self.table, key.owner, key.upload_id, now)
            elif upload.state is UploadState.AWAITING_UPLOAD:
                uploads.begin_checking(self.table, upload, now)
                continue
            elif upload.state is UploadState.CHECKING and not self._decide(upload, key):
                continue
            self.uploads.delete([str(key)])
            return
        raise Unavailable("records")

    def _decide(self, upload: Upload, key: SourceKey) -> bool:
        """Look and write the verdict; False if the upload changed meanwhile."""
        try:
            return self._look(upload, key)
        except RefusedSource as verdict:
            return self._reject(upload, verdict.code)
        except ObjectTooLarge:
            return self._reject(upload, UploadRejection.TOO_LARGE)
        except ObjectMissing:
            return self._missing(upload)

    def _look(self, upload: Upload, key: SourceKey) -> bool:
        content = self.uploads.read(str(key), max_bytes=self.settings.photos.max_bytes)
        examination = SourceExamination(self.settings, self.moderation)
        normal = examination.examine(content, upload.purpose)
        kept = source_key(upload.owner, upload.id)
        self.work.write(kept, normal.png, content_type="image/png")
        accepted = self._end(
            upload,
            UploadState.ACCEPTED,
            width=normal.width,
            height=normal.height,
            has_alpha=normal.has_alpha,
            sha256=normal.sha256,
        )
        if accepted:
            telemetry.logger.info("upload_accepted", extra={"upload_id": upload.id})
            telemetry.count("UploadsAccepted")
        return accepted

    def _reject(self, upload: Upload, code: UploadRejection) -> bool:
        decided = self._end(upload, UploadState.REJECTED, rejection=code.value)
        if decided:
            telemetry.logger.info("upload_rejected", extra={"upload_id": upload.id, "code": code})
            telemetry.count("UploadsRejected")
        if decided and code is UploadRejection.UNSAFE:
            rules = self.settings.moderation.violations
            record_violation(self.table, upload.owner, self.clock.now(), rules)
        return decided

    def _missing(self, upload: Upload) -> bool:
        """The file is not there: someone else decided, or it was lost."""
        if uploads.find_upload(self.table, upload.owner, upload.id) != upload:
            return False
        since = upload.changed_at or upload.created_at
        if self.clock.now() - since < _LOST_AFTER:
            raise Unavailable("objects")
        return self._reject(upload, UploadRejection.UPLOAD_LOST)

    def _end(self, upload: Upload, target: UploadState, **facts: Any) -> bool:
        now = self.clock.now()
        over = upload_expires_at(self.settings.retention_days, now)
        return uploads.end_upload(self.table, upload, target, now, over, **facts)
