"""What a request carries, read and checked: the body, and which page of a list is meant."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from lambdas.api import cursors
from lambdas.api.messages import Answer, Body, PageRequest, Request
from lambdas.api.problems import TransportError, of_body, pointer
from lambdas.api.repeated_names import repeated_names
from lambdas.domain.errors import FieldError, Invalid

_PAGE_LIMIT, _PAGE_MAXIMUM = 20, 100


def read_body(
    model: type[Body] | None,
    event: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    max_bytes: int,
) -> Body | None:
    """The body as `model`; none at all reads as `{}`.

    Raises TransportError 400, 413 or 415, and Invalid with one error a field.
    """
    if model is None:
        return None
    content_type = headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if content_type != "application/json":
        raise TransportError(415, "unsupported_media_type", "Send the body as application/json.")
    raw = _bytes(event)
    if len(raw) > max_bytes:
        detail = f"A body may have at most {max_bytes} bytes."
        raise TransportError(413, "body_too_large", detail)
    try:
        body = model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        kinds = (found["type"] for found in error.errors(include_url=False, include_input=False))
        if "json_invalid" in kinds:
            raise TransportError(400, "malformed_json", "The body is not JSON.") from None
        raise of_body(error) from None
    if twice := repeated_names(raw or b"{}"):
        detail = "is there more than once"
        raise Invalid([FieldError(pointer(each), detail, "repeated_name") for each in twice])
    return body


def read_page(query: Mapping[str, str], *, owner: str, listing: str) -> PageRequest:
    """`?limit=` and `?cursor=`; raises Invalid. `listing` is the path of the list."""
    text = query.get("limit", str(_PAGE_LIMIT))
    # Short before it is read: int() raises on thousands of digits.
    short = text.isascii() and text.isdecimal() and len(text) <= len(str(_PAGE_MAXIMUM))
    if not (short and 1 <= int(text) <= _PAGE_MAXIMUM):
        detail = f"A limit is a number from 1 to {_PAGE_MAXIMUM}."
        raise Invalid([FieldError("?limit", detail, "out_of_range")])
    cursor = query.get("cursor")
    position = cursors.decode(cursor, owner=owner, listing=listing) if cursor else None
    return PageRequest(int(text), position)


def page_of(
    request: Request[Any],
    route_path: str,
    items: Sequence[Mapping[str, Any]],
    position: Mapping[str, str] | None,
) -> Answer:
    """A page of a list, {"items", "next_cursor"}; `position` is where it ended, None at the end."""
    listing = route_path.format(**request.path)
    cursor = cursors.encode(position, owner=request.owner, listing=listing) if position else None
    return Answer(200, {"items": list(items), "next_cursor": cursor})


def _bytes(event: Mapping[str, Any]) -> bytes:
    text = str(event.get("body") or "")
    if not event.get("isBase64Encoded"):
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise TransportError(400, "malformed_body", "The body is not base64.") from None
