"""Slots for uploads, as `POST /uploads` gives them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.photo import ContentType
from lambdas.domain.quota import Metered
from lambdas.domain.upload import Upload, UploadPurpose
from lambdas.records.quotas import Spending
from lambdas.records.uploads import create_slot
from tests.unit.lambdas.gateway import OWNER

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.settings import DomainSettings
    from tests.unit.lambdas.fakes import FakeTable


def upload_slot(
    table: FakeTable,
    settings: DomainSettings,
    now: datetime,
    purpose: UploadPurpose = UploadPurpose.INIT_IMAGE,
    owner: str = OWNER,
) -> Upload:
    """One that waits for its file."""
    upload = Upload(
        id=new_id(Prefix.UPLOAD, now),
        owner=owner,
        purpose=purpose,
        content_type=ContentType.PNG,
        size_bytes=1000,
        created_at=now,
        lapses_at=now + timedelta(minutes=15),
    )
    spending = Spending(owner, {Metered.UPLOADS: 1}, settings.limits.per_day, now)
    create_slot(table, upload, spending)
    return upload
