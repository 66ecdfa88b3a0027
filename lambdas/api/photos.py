"""`/subjects/{id}/photos`: ask for uploads, read verdicts, delete."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field

from lambdas import telemetry
from lambdas.api.http import Api, page_of
from lambdas.api.messages import Answer, Body, Request, accepted, created, ok
from lambdas.api.presigned import SentType, form_document, size_error
from lambdas.api.subject_ports import SubjectPorts, send_erasure
from lambdas.domain import moments
from lambdas.domain.errors import Invalid
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.locations import UploadKey, photo_key
from lambdas.domain.photo import (
    IN_REVIEW_REASON,
    Photo,
    PhotoState,
    reason_for,
)
from lambdas.domain.photo_set import SetReport, report_on
from lambdas.domain.quota import Metered
from lambdas.domain.retention import photo_expires_at
from lambdas.records import photos
from lambdas.records.photo_sets import accepted_looks
from lambdas.records.quotas import Spending
from lambdas.records.subjects import read_subject
from lambdas.violations import demand_good_standing

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.settings import SetRules

_LIST = "/subjects/{subject_id}/photos"
_ONE = "/subjects/{subject_id}/photos/{photo_id}"


class PhotoFile(Body):
    """A file that the caller is about to upload."""

    content_type: SentType
    size_bytes: int = Field(ge=1, description="Exactly as many bytes as the file has.")


class AskForUploads(Body):
    """Upload slots, one a file."""

    photos: tuple[PhotoFile, ...] = Field(min_length=1, max_length=15)


def add_photo_routes(api: Api, ports: SubjectPorts) -> None:
    """The routes over these ports."""
    table, settings = ports.table, ports.settings.photos

    @api.post(_LIST, body=AskForUploads, status=201)
    def ask_for_uploads(request: Request[AskForUploads]) -> Answer:
        """Get a presigned POST for each file; each is good for one upload and a short while."""
        subject_id, now = request.id("subject_id", Prefix.SUBJECT), ports.clock.now()
        demand_good_standing(table, request.owner, now, ports.settings.moderation.violations)
        _demand_sizes(request.body, settings.max_bytes)
        read_subject(table, request.owner, subject_id)
        expires = now + timedelta(seconds=settings.upload_ttl_seconds)
        slots = [
            Photo(
                id=new_id(Prefix.PHOTO, now),
                owner=request.owner,
                subject_id=subject_id,
                content_type=upload.content_type,
                size_bytes=upload.size_bytes,
                created_at=now,
                expires_at=expires,
            )
            for upload in request.body.photos
        ]
        quotas = ports.settings.limits.per_day
        photos.create_slots(
            table,
            request.owner,
            subject_id,
            slots,
            now,
            maximum=settings.maximum,
            spending=Spending(request.owner, {Metered.UPLOADS: len(slots)}, quotas, now),
        )
        telemetry.count("UploadSlotsGiven", len(slots))
        documents = [{**_document(slot, ports, now), **_form(slot, ports)} for slot in slots]
        return created(f"/subjects/{subject_id}/photos", {"photos": documents})

    @api.get(_LIST)
    def list_photos(request: Request[None]) -> Answer:
        """The photos of a subject with their verdicts, the oldest first, and that on the set."""
        subject_id, now = request.id("subject_id", Prefix.SUBJECT), ports.clock.now()
        subject = read_subject(table, request.owner, subject_id)
        found, position = photos.list_photos(
            table,
            request.owner,
            subject_id,
            limit=request.page.limit,
            after=request.page.position,
        )
        page = page_of(request, _LIST, [_document(each, ports, now) for each in found], position)
        looks = accepted_looks(table, request.owner, subject_id)
        report = report_on(subject.kind, looks, settings.set)
        return replace(page, body={**(page.body or {}), "set": _set(report, settings.set)})

    @api.get(_ONE)
    def read_photo(request: Request[None]) -> Answer:
        """One photo with its verdict."""
        subject_id = request.id("subject_id", Prefix.SUBJECT)
        photo_id = request.id("photo_id", Prefix.PHOTO)
        read_subject(table, request.owner, subject_id)
        photo = photos.read_photo(table, request.owner, subject_id, photo_id)
        return ok(_document(photo, ports, ports.clock.now()))

    @api.delete(_ONE)
    def delete_photo(request: Request[None]) -> Answer:
        """Delete a photo; its place is free at once, its files are gone soon after."""
        erasure = photos.begin_photo_erasure(
            table,
            request.owner,
            request.id("subject_id", Prefix.SUBJECT),
            request.id("photo_id", Prefix.PHOTO),
            ports.clock.now(),
        )
        send_erasure(ports.erasures, erasure)
        return accepted(None)


def _demand_sizes(body: AskForUploads, max_bytes: int) -> None:
    found = (
        size_error(upload.size_bytes, max_bytes, f"/photos/{position}/size_bytes")
        for position, upload in enumerate(body.photos)
    )
    errors = [error for error in found if error is not None]
    if errors:
        raise Invalid(errors)


def _document(photo: Photo, ports: SubjectPorts, now: datetime) -> dict[str, Any]:
    # A slot that lapsed is expired for its owner even before anyone has written that down.
    state = PhotoState.EXPIRED if photo.has_lapsed(now) else photo.state
    over = photo_expires_at(ports.settings.retention_days, photo)
    document: dict[str, Any] = {
        "id": photo.id,
        "state": state.value,
        "content_type": photo.content_type.value,
        "size_bytes": photo.size_bytes,
        "created_at": moments.to_text(photo.created_at),
        "expires_at": moments.to_text(over) if over else None,
    }
    if photo.rejection is not None:
        document["code"] = photo.rejection.value
        document["reason"] = reason_for(photo.rejection, ports.settings, heic=photo.heic)
    if state is PhotoState.IN_REVIEW:
        document["reason"] = IN_REVIEW_REASON
    if state is PhotoState.ACCEPTED:
        document["width"], document["height"] = photo.width, photo.height
        document["url"] = ports.photos.link(
            photo_key(photo.owner, photo.subject_id, photo.id),
            lifetime_seconds=ports.settings.generation.link_ttl_seconds,
        )
    return document


def _set(report: SetReport, rules: SetRules) -> dict[str, Any]:
    return {
        "score": report.score,
        "minimum_score": rules.min_score,
        "same_person": report.agrees,
        "advice": [{"code": each.code.value, "detail": each.detail} for each in report.advice],
    }


def _form(slot: Photo, ports: SubjectPorts) -> dict[str, Any]:
    form = form_document(
        ports.uploads,
        str(UploadKey(slot.owner, slot.subject_id, slot.id)),
        slot.content_type,
        slot.size_bytes,
        lifetime_seconds=ports.settings.photos.upload_ttl_seconds,
        lapses_at=slot.expires_at,
    )
    return {"upload": form}
