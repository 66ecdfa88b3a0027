"""`/uploads`: pictures that a generation may begin with, and masks; ask, read verdicts, delete."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field

from lambdas import telemetry
from lambdas.api.http import Api, page_of
from lambdas.api.messages import Answer, Body, Request, accepted, created, ok
from lambdas.api.presigned import SentType, demand_size, form_document
from lambdas.api.subject_ports import SubjectPorts, send_erasure
from lambdas.domain import moments
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.locations import SourceKey, source_key
from lambdas.domain.quota import Metered
from lambdas.domain.upload import Upload, UploadPurpose, UploadState, reason_for
from lambdas.records import uploads
from lambdas.records.quotas import Spending
from lambdas.violations import demand_good_standing

if TYPE_CHECKING:
    from datetime import datetime

_LIST = "/uploads"
_ONE = "/uploads/{upload_id}"


class AskForUpload(Body):
    """An upload slot for one file."""

    purpose: UploadPurpose
    content_type: SentType
    size_bytes: int = Field(ge=1, description="Exactly as many bytes as the file has.")


def add_upload_routes(api: Api, ports: SubjectPorts) -> None:
    """The routes over these ports."""
    table, settings = ports.table, ports.settings

    @api.post(_LIST, body=AskForUpload, status=201)
    def ask_for_upload(request: Request[AskForUpload]) -> Answer:
        """Get a presigned POST for an init image or a mask; it is screened as photos are."""
        body, now = request.body, ports.clock.now()
        demand_good_standing(table, request.owner, now, settings.moderation.violations)
        demand_size(body.size_bytes, settings.photos.max_bytes, "/size_bytes")
        upload = Upload(
            id=new_id(Prefix.UPLOAD, now),
            owner=request.owner,
            purpose=body.purpose,
            content_type=body.content_type,
            size_bytes=body.size_bytes,
            created_at=now,
            lapses_at=now + timedelta(seconds=settings.photos.upload_ttl_seconds),
        )
        quotas = settings.limits.per_day
        spending = Spending(request.owner, {Metered.UPLOADS: 1}, quotas, now)
        uploads.create_slot(table, upload, spending)
        telemetry.count("UploadSlotsGiven")
        form = form_document(
            ports.uploads,
            str(SourceKey(upload.owner, upload.id)),
            upload.content_type,
            upload.size_bytes,
            lifetime_seconds=settings.photos.upload_ttl_seconds,
            lapses_at=upload.lapses_at,
        )
        document = {**_document(upload, ports, now), "upload": form}
        return created(f"/uploads/{upload.id}", document)

    @api.get(_LIST)
    def list_uploads(request: Request[None]) -> Answer:
        """Your uploads with their verdicts, the newest first."""
        now = ports.clock.now()
        found, position = uploads.list_uploads(
            table, request.owner, limit=request.page.limit, after=request.page.position
        )
        return page_of(request, _LIST, [_document(each, ports, now) for each in found], position)

    @api.get(_ONE)
    def read_upload(request: Request[None]) -> Answer:
        """One upload with its verdict."""
        upload_id = request.id("upload_id", Prefix.UPLOAD)
        upload = uploads.read_upload(table, request.owner, upload_id)
        return ok(_document(upload, ports, ports.clock.now()))

    @api.delete(_ONE)
    def delete_upload(request: Request[None]) -> Answer:
        """Delete an upload; its files are gone soon after.

        A generation that began with it keeps the copy that it took until it is deleted itself.
        """
        upload_id = request.id("upload_id", Prefix.UPLOAD)
        now = ports.clock.now()
        erasure = uploads.begin_upload_erasure(table, request.owner, upload_id, now)
        send_erasure(ports.erasures, erasure)
        return accepted(None)


def _document(upload: Upload, ports: SubjectPorts, now: datetime) -> dict[str, Any]:
    # A slot that lapsed is expired for its owner even before anyone has written that down.
    state = UploadState.EXPIRED if upload.has_lapsed(now) else upload.state
    over = upload.expires_at
    document: dict[str, Any] = {
        "id": upload.id,
        "purpose": upload.purpose.value,
        "state": state.value,
        "content_type": upload.content_type.value,
        "size_bytes": upload.size_bytes,
        "created_at": moments.to_text(upload.created_at),
        "expires_at": moments.to_text(over) if over else None,
    }
    if upload.rejection is not None:
        document["code"] = upload.rejection.value
        document["reason"] = reason_for(upload.rejection, ports.settings)
    if state is UploadState.ACCEPTED:
        document["width"], document["height"] = upload.width, upload.height
        document["url"] = ports.work.link(
            source_key(upload.owner, upload.id),
            lifetime_seconds=ports.settings.generation.link_ttl_seconds,
        )
    return document
