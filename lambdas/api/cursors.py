"""Opaque cursors: a position in one list of one owner.

The partition that is read always comes from the caller's own identity, so a cursor can only ever
move within the caller's own list: there is no secret to keep. The digest binds it to list and
owner, so that one that was cut, altered or brought from elsewhere is refused instead of showing a
page that makes no sense.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

from lambdas.table import InvalidPosition

_DIGEST_BYTES = 9


def encode(position: Mapping[str, str], *, owner: str, listing: str) -> str:
    """The cursor for `position` in the list named `listing` (its path)."""
    text = json.dumps(dict(position), sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_digest(text, owner, listing) + text).decode().rstrip("=")


def decode(cursor: str, *, owner: str, listing: str) -> dict[str, str]:
    """The position; raises InvalidPosition unless `encode` made it for this owner and list."""
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        text = data[_DIGEST_BYTES:]
        position = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidPosition from None
    if data[:_DIGEST_BYTES] != _digest(text, owner, listing) or not isinstance(position, dict):
        raise InvalidPosition
    return {str(name): str(value) for name, value in position.items()}


def _digest(text: bytes, owner: str, listing: str) -> bytes:
    scope = f"{owner}\n{listing}\n".encode()
    return hashlib.sha256(scope + text).digest()[:_DIGEST_BYTES]
