"""An upload that a request names, as far as it may be used: the caller's own, and accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain.errors import Conflict, FieldError, Invalid
from lambdas.domain.upload import UploadRejection, UploadState, reason_for
from lambdas.records.uploads import read_upload

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.settings import DomainSettings
    from lambdas.domain.upload import Upload
    from lambdas.ports import Table

IMAGE_REJECTED = "image_rejected"


def accepted_upload(
    table: Table,
    owner: str,
    upload_id: str,
    now: datetime,
    *,
    pointer: str,
    settings: DomainSettings,
) -> Upload:
    """The upload; `pointer` is the field that names it.

    Raises NotFound, Invalid `image_rejected`, Conflict `upload_expired` or `upload_not_ready`.
    """
    upload = read_upload(table, owner, upload_id)
    if upload.rejection is not None:
        raise image_rejected(pointer, upload.rejection, settings)
    if upload.state is UploadState.EXPIRED or upload.has_lapsed(now):
        raise Conflict(
            "Nothing was uploaded in time. Ask for another upload.", code="upload_expired"
        )
    if upload.state is not UploadState.ACCEPTED or not upload.sha256:
        raise Conflict(
            "The upload has not been accepted yet. Wait for its verdict.", code="upload_not_ready"
        )
    return upload


def image_rejected(pointer: str, code: UploadRejection, settings: DomainSettings) -> Invalid:
    """The refusal of a picture that was rejected, then or now."""
    error = FieldError(pointer, reason_for(code, settings), code.value)
    return Invalid([error], code=IMAGE_REJECTED)
