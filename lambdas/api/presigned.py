"""What every route says that hands out a presigned POST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from lambdas.domain import moments
from lambdas.domain.errors import FieldError, Invalid
from lambdas.domain.photo import ContentType

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.ports import ObjectStore

_HEIC = {"image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"}


def _no_heic(content_type: object) -> object:
    """Says of HEIC what a client can do, instead of which types there are."""
    if isinstance(content_type, str) and content_type in _HEIC:
        raise PydanticCustomError(
            "enum",
            "HEIC is not taken: send JPEG. Browsers on iOS convert by themselves if the file field "
            "accepts image/jpeg only; apps have the system's converter.",
        )
    return content_type


# What a client says that it is about to send.
SentType = Annotated[ContentType, BeforeValidator(_no_heic)]


def form_document(
    store: ObjectStore,
    key: str,
    content_type: ContentType,
    size_bytes: int,
    *,
    lifetime_seconds: int,
    lapses_at: datetime,
) -> dict[str, Any]:
    """A form for exactly that key, type and size, and until when it is good."""
    form = store.upload_form(
        key, content_type=content_type, size_bytes=size_bytes, lifetime_seconds=lifetime_seconds
    )
    return {
        "url": form.url,
        "fields": dict(form.fields),
        "expires_at": moments.to_text(lapses_at),
    }


def size_error(size_bytes: int, max_bytes: int, pointer: str) -> FieldError | None:
    """What is wrong with the size of a file; None if nothing is."""
    if size_bytes <= max_bytes:
        return None
    return FieldError(pointer, f"A picture may have at most {max_bytes} bytes.", "too_large")


def demand_size(size_bytes: int, max_bytes: int, pointer: str) -> None:
    """Raise Invalid for a file that is too large."""
    error = size_error(size_bytes, max_bytes, pointer)
    if error is not None:
        raise Invalid([error])
