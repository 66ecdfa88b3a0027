from __future__ import annotations

from datetime import timedelta

from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.photo import ContentType
from lambdas.domain.quota import Metered
from lambdas.domain.retention import upload_expires_at
from lambdas.domain.upload import Upload, UploadPurpose, UploadState
from lambdas.records import keys, uploads
from lambdas.records.account import begin_account_erasure
from lambdas.records.quotas import Spending
from lambdas.table import Put
from tests.unit.lambdas.events.test_expiry import KEPT, Household
from tests.unit.lambdas.gateway import OWNER


class Attic(Household):
    """A household with uploads."""

    def upload(self) -> str:
        """An accepted upload, a late file of it in quarantine, and a kept answer about it."""
        world, now = self.world, self.world.clock.now()
        made = Upload(
            id=new_id(Prefix.UPLOAD, now),
            owner=OWNER,
            purpose=UploadPurpose.INIT_IMAGE,
            content_type=ContentType.PNG,
            size_bytes=9,
            created_at=now,
            lapses_at=now + timedelta(minutes=15),
        )
        quotas = world.settings.limits.per_day
        uploads.create_slot(world.table, made, Spending(OWNER, {Metered.UPLOADS: 1}, quotas, now))
        uploads.begin_checking(world.table, made, now)
        checking = uploads.read_upload(world.table, OWNER, made.id)
        over = upload_expires_at(KEPT, now)
        uploads.end_upload(world.table, checking, UploadState.ACCEPTED, now, over, sha256="0")
        self.put(world.uploads, f"sources/{OWNER}/{made.id}")
        self.put(world.work, f"sources/{OWNER}/{made.id}.png")
        record = f"{OWNER}#POST /uploads#{made.id}"
        note = keys.idempotency_key(OWNER, record)
        world.table.write(Put({"pk": note.pk, "sk": note.sk, "record": record, "about": [made.id]}))
        world.persistence.records[record] = object()  # type: ignore[assignment]
        return made.id

    def traces(self, upload: str) -> list[str]:
        everything = [*self.objects(), *self.items(), *self.world.persistence.records]
        return [trace for trace in everything if upload in trace]


def test_an_upload_is_erased_wherever_it_lies() -> None:
    attic = Attic()
    upload, other = attic.upload(), attic.upload()
    now = attic.world.clock.now()
    erasure = uploads.begin_upload_erasure(attic.world.table, OWNER, upload, now)
    assert attic.erase(erasure) == []
    assert attic.traces(upload) == []
    assert len(attic.traces(other)) == 5
    assert not attic.due_later()


def test_an_account_takes_its_uploads_along() -> None:
    attic = Attic()
    upload = attic.upload()
    attic.erase(begin_account_erasure(attic.world.table, OWNER, attic.world.clock.now()))
    assert attic.traces(upload) == []
    assert attic.objects() == set()


def test_an_upload_is_gone_when_its_time_is_over() -> None:
    attic = Attic()
    upload = attic.upload()
    assert attic.after(hours=23) == []
    assert attic.after(hours=1) == ["upload"]
    assert attic.traces(upload) == []
