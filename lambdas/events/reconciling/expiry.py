"""What was kept for its time: it goes the same way as what its owner deletes.

Generations and uploads are due one by one, at a moment that was set when they ended. A subject is
looked at once a day, or earlier if one of its photos or adapters is over before: that depends on
what else happens to it. While it is being trained its photos wait, since the training reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.errors import NotFound
from lambdas.domain.photo import PhotoState
from lambdas.domain.retention import adapter_expires_at, photo_expires_at
from lambdas.domain.subject import Subject, SubjectState
from lambdas.events.reconciling.visiting import visit
from lambdas.records import keys
from lambdas.records.adapters import begin_adapter_erasure, published
from lambdas.records.generations import begin_generation_erasure
from lambdas.records.photos import all_photos, begin_photo_erasure
from lambdas.records.subjects import look_again, subject_from
from lambdas.records.uploads import begin_upload_erasure
from lambdas.records.watching import due_since

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.settings import RetentionDays
    from lambdas.ports import Clock, Queue, Table
    from lambdas.records.erasures import Erasure
    from lambdas.table import Item

# Nothing is kept for less than a day: whatever is accepted meanwhile is seen before it is over.
LOOK_EVERY = timedelta(days=1)
_TRAINING_TAKES = timedelta(hours=1)


@dataclass(frozen=True)
class Expiry:
    """Begins the erasure of what is over."""

    table: Table
    clock: Clock
    erasures: Queue
    retention: RetentionDays

    def run(self) -> None:
        """Look at everything that is due."""
        now = self.clock.now()
        visit(due_since(self.table, keys.EXPIRY, now), lambda item: self._look(item, now))

    def _look(self, item: Item, now: datetime) -> None:
        try:
            if item["sk"].startswith(keys.GENERATIONS):
                self._send(begin_generation_erasure(self.table, item["owner"], item["id"], now))
            elif item["sk"].startswith(keys.UPLOADS):
                self._send(begin_upload_erasure(self.table, item["owner"], item["id"], now))
            else:
                self._subject(subject_from(item), now)
        except NotFound:
            return  # its owner was faster

    def _subject(self, subject: Subject, now: datetime) -> None:
        if not subject.is_live:
            return
        following = [now + LOOK_EVERY]
        for photo in list(all_photos(self.table, subject.owner, subject.id)):
            over = photo_expires_at(self.retention, photo)
            learned = subject.state is SubjectState.TRAINING and photo.state is PhotoState.ACCEPTED
            if over is None:
                continue
            if over <= now and learned:
                following.append(now + _TRAINING_TAKES)
            elif over > now:
                following.append(over)
            else:
                ids = (subject.owner, subject.id, photo.id)
                self._send(begin_photo_erasure(self.table, *ids, now))
        for training in published(self.table, subject.owner, subject.id):
            over = adapter_expires_at(self.retention, training.updated_at)
            if over is not None and over > now:
                following.append(over)
            elif over is not None:
                self._send(begin_adapter_erasure(self.table, training, now))
        look_again(self.table, subject.owner, subject.id, min(following))

    def _send(self, erasure: Erasure) -> None:
        """The tombstone stands: a message that gets lost is sent again."""
        telemetry.logger.info("expired", extra={"kind": erasure.kind, "target": erasure.id})
        telemetry.count("Expiries")
        self.erasures.send(erasure.message())
