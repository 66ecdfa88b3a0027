"""Identifiers: a ULID (github.com/ulid/spec) with a prefix that says what it names.

26 characters of Crockford's base 32: 48 bits of milliseconds, then 80 random bits. Ids of one kind
sort by the time of their making, which is also the order of every list.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# Of a ULID: the part that says when it was made, in milliseconds.
TIME_DIGITS = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# The first character carries the top three of 128 bits, so it never exceeds 7.
_ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"
# A Cognito `sub` (UUID) or client id. It becomes part of S3 keys, so nothing else may pass.
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


class Prefix(StrEnum):
    """The kinds of things that have an id."""

    SUBJECT = "sub"
    PHOTO = "pho"
    UPLOAD = "upl"
    TRAINING = "trn"
    GENERATION = "gen"
    IMAGE = "img"
    ERASURE = "era"
    REVIEW = "rev"
    AUDIT = "aud"


_ANY = re.compile(f"(?:{'|'.join(Prefix)})_{_ULID}")
_PATTERNS = {prefix: re.compile(f"{prefix}_{_ULID}") for prefix in Prefix}


def new_id(prefix: Prefix, now: datetime, entropy: bytes | None = None) -> str:
    """An id made at `now`; `entropy` (10 bytes) is random unless given."""
    entropy = os.urandom(10) if entropy is None else entropy
    milliseconds = int(now.timestamp() * 1000)
    number = (milliseconds << 80) | int.from_bytes(entropy[:10], "big")
    digits = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
    return f"{prefix}_{digits}"


def is_id(prefix: Prefix, text: str) -> bool:
    """Whether `text` is a well-formed id of that kind."""
    return _PATTERNS[prefix].fullmatch(text) is not None


def ids_in(text: str) -> list[str]:
    """All ids that a text mentions."""
    return _ANY.findall(text)


def is_owner(text: str) -> bool:
    """Whether `text` may own things: safe as one segment of a key, never a path."""
    return _OWNER.fullmatch(text) is not None
