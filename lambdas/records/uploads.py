"""Uploads in the table: each step is a conditional write on the state before.

Once judged, an upload waits for its end in the partition of what is kept for a time only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.errors import NotFound, Unavailable
from lambdas.domain.photo import ContentType
from lambdas.domain.upload import UPLOAD, Upload, UploadPurpose, UploadRejection, UploadState
from lambdas.records import keys
from lambdas.records.account import account_erasing, not_erasing
from lambdas.records.erasures import OVERDUE, Erasure, ErasureKind, tombstone
from lambdas.table import NEW, ConditionFailed, Delete, Is, Item, Put, Update

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambdas.ports import Table
    from lambdas.records.quotas import Spending

ENTITY = "UPLOAD"
# How often an erasure is tried against changes that come in between.
_RACES = 5


def upload_from(item: Item) -> Upload:
    """The upload that an item holds."""
    code = item.get("rejection")
    return Upload(
        id=item["id"],
        owner=item["owner"],
        purpose=UploadPurpose(item["purpose"]),
        content_type=ContentType(item["content_type"]),
        size_bytes=item["size_bytes"],
        created_at=moments.from_text(item["created_at"]),
        lapses_at=moments.from_text(item["lapses_at"]),
        state=UploadState(item["state"]),
        rejection=UploadRejection(code) if code else None,
        width=item.get("width"),
        height=item.get("height"),
        has_alpha=item.get("has_alpha", False),
        sha256=item.get("sha256"),
        changed_at=moments.from_text(item["updated_at"]),
        expires_at=moments.from_text(item["expires_at"]) if "expires_at" in item else None,
    )


def create_slot(table: Table, upload: Upload, spending: Spending) -> None:
    """Save an upload slot; raises LimitReached if the day's quota is used up, Conflict
    `account_erasing`."""
    key = keys.upload_key(upload.owner, upload.id)
    made, lapses = moments.to_text(upload.created_at), moments.to_text(upload.lapses_at)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "gsi2pk": keys.state_partition(ENTITY, upload.state),
        "gsi2sk": lapses,
        "id": upload.id,
        "owner": upload.owner,
        "purpose": upload.purpose.value,
        "content_type": upload.content_type.value,
        "size_bytes": upload.size_bytes,
        "state": upload.state.value,
        "created_at": made,
        "updated_at": made,
        "lapses_at": lapses,
    }
    try:
        table.write(Put(item, when=NEW), not_erasing(upload.owner), spending.write)
    except ConditionFailed as failed:
        if 1 in failed.failed:
            raise account_erasing() from failed
        raise spending.refusal(table) or failed from failed


def find_upload(table: Table, owner: str, upload_id: str) -> Upload | None:
    """The upload, or None."""
    item = table.get(keys.upload_key(owner, upload_id))
    return upload_from(item) if item else None


def read_upload(table: Table, owner: str, upload_id: str) -> Upload:
    """The upload; raises NotFound."""
    upload = find_upload(table, owner, upload_id)
    if upload is None:
        raise NotFound("upload")
    return upload


def list_uploads(
    table: Table, owner: str, *, limit: int, after: Mapping[str, str] | None = None
) -> tuple[list[Upload], Mapping[str, str] | None]:
    """A page of an owner's uploads, the newest first, and the position after it."""
    page = table.query(
        keys.owner_partition(owner),
        prefix=keys.UPLOADS,
        newest_first=True,
        limit=limit,
        after=after,
    )
    return [upload_from(item) for item in page.items], page.next


def begin_checking(table: Table, upload: Upload, now: datetime) -> bool:
    """Its file has come; False if it is no longer where `upload` says."""
    since = moments.to_text(now)
    watched = {"gsi2pk": keys.state_partition(ENTITY, UploadState.CHECKING), "gsi2sk": since}
    return _step(table, upload, UploadState.CHECKING, now, watched)


def end_upload(
    table: Table,
    upload: Upload,
    target: UploadState,
    now: datetime,
    expires_at: datetime,
    **facts: Any,
) -> bool:
    """Accept, reject or expire it; False if it is no longer where `upload` says.

    `facts`: its `rejection`, or `width`, `height`, `has_alpha` and `sha256` of an accepted one.
    """
    over = moments.to_text(expires_at)
    due = {"expires_at": over, "gsi2pk": keys.EXPIRY, "gsi2sk": over}
    return _step(table, upload, target, now, {**due, **facts})


def _step(
    table: Table, upload: Upload, target: UploadState, now: datetime, changes: Mapping[str, Any]
) -> bool:
    UPLOAD.step(upload.state, target)
    try:
        table.write(
            Update(
                keys.upload_key(upload.owner, upload.id),
                set={"state": target.value, "updated_at": moments.to_text(now), **changes},
                when=(Is("state", upload.state.value),),
            )
        )
    except ConditionFailed:
        return False
    return True


def begin_upload_erasure(table: Table, owner: str, upload_id: str, now: datetime) -> Erasure:
    """Remove the upload and leave a tombstone for its files; raises NotFound."""
    erasure = Erasure(ErasureKind.UPLOAD, owner, upload_id)
    for _ in range(_RACES):
        upload = read_upload(table, owner, upload_id)
        try:
            table.write(
                Delete(keys.upload_key(owner, upload_id), when=(Is("state", upload.state.value),)),
                tombstone(erasure, due=now + OVERDUE),
            )
        except ConditionFailed:
            continue
        return erasure
    raise Unavailable("records", retry_after=1)


def remember_stray_files(table: Table, owner: str, upload_id: str, now: datetime) -> None:
    """An upload is gone, yet its files may have been written since: have them erased now."""
    table.write(tombstone(Erasure(ErasureKind.UPLOAD, owner, upload_id), due=now))
