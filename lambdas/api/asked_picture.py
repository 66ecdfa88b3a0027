"""The picture that `POST /verify` is asked about: a file as sent, or what is kept of an upload.

A module of its own, because it loads what decodes: `lambdas.api.verify` imports it with the first
picture.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.generation_source import MAX_SOURCE_BYTES
from lambdas.api.accepted_upload import accepted_upload
from lambdas.domain.errors import FieldError, Invalid, NotFound
from lambdas.domain.ids import Prefix, is_id
from lambdas.domain.locations import source_key
from lambdas.domain.normalising import NotAPhoto, decode
from lambdas.domain.photo import RejectionCode
from lambdas.ports import ObjectMissing

if TYPE_CHECKING:
    from PIL.Image import Image

    from lambdas.api.messages import Request
    from lambdas.api.verify import VerifyImage, VerifyPorts
    from lambdas.domain.settings import DomainSettings

# Below, no mark was ever put or could be found.
_MIN_SIDE = 32
_SAID = {
    RejectionCode.TOO_SMALL: f"The shorter side must have at least {_MIN_SIDE} pixels.",
    RejectionCode.TOO_LARGE: "The picture has too many pixels.",
    RejectionCode.UNSUPPORTED_TYPE: "Send a JPEG, PNG or WebP file.",
}


@dataclass(frozen=True)
class AskedPicture:
    """The picture, RGB; `file` is None where its bytes are not those that somebody found."""

    picture: Image
    file: bytes | None


def asked_picture(request: Request[VerifyImage], ports: VerifyPorts) -> AskedPicture:
    """What the body names; raises Invalid, NotFound, Conflict, Unavailable."""
    body, settings = request.body, ports.settings
    if body.upload_id is not None:
        if body.image is not None:
            raise _wrong("/upload_id", "contradicts 'image': send one of them", "contradiction")
        content = _uploaded(request.owner, body.upload_id, ports)
        return AskedPicture(_decoded(content, "/upload_id", settings), None)
    if body.image is None:
        raise _wrong("/image", "is missing: send it, or an 'upload_id'", "missing")
    try:
        content = base64.b64decode(body.image, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong("/image", "is not base64", "not_base64") from None
    return AskedPicture(_decoded(content, "/image", settings), content)


def _uploaded(owner: str, upload_id: str, ports: VerifyPorts) -> bytes:
    """What is kept of an upload; raises as `accepted_upload` does."""
    if not is_id(Prefix.UPLOAD, upload_id):
        raise _wrong("/upload_id", "is no id of an upload", "not_an_upload")
    upload = accepted_upload(
        ports.table,
        owner,
        upload_id,
        ports.clock.now(),
        pointer="/upload_id",
        settings=ports.settings,
    )
    try:
        return ports.work.read(source_key(owner, upload.id), max_bytes=MAX_SOURCE_BYTES)
    except ObjectMissing:  # deleted since
        raise NotFound("upload") from None


def _decoded(content: bytes, pointer: str, settings: DomainSettings) -> Image:
    try:
        return decode(content, min_side=_MIN_SIDE, max_megapixels=settings.photos.max_megapixels)
    except NotAPhoto as refused:
        detail = _SAID.get(refused.code, "This cannot be read as a picture.")
        raise _wrong(pointer, detail, refused.code.value) from None


def _wrong(pointer: str, detail: str, code: str) -> Invalid:
    return Invalid([FieldError(pointer, detail, code)])
