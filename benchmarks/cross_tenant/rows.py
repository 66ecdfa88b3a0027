"""What each route gives to whom: one row an operation of `docs/openapi.json`, no more knowledge.

A test demands a row of every operation, so a new route is attacked from its first day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
_METHODS = {"get", "post", "put", "patch", "delete"}


class Gives(Enum):
    """What an operation is about, which decides who may get it."""

    EVERYBODY = "asks for no token"
    ANY_CALLER = "the same to every caller"
    OWN = "things of the caller alone"
    NAMED = "a thing that is named by its id, to its owner"
    MODERATORS = "things of everybody, to the group that reviews"


@dataclass(frozen=True)
class Row:
    """`body` may name the victim's ids in braces; `own`: what a caller gets who asks for theirs."""

    gives: Gives
    body: Mapping[str, Any] | None = None
    own: frozenset[int] = frozenset({200, 201, 202})


@dataclass(frozen=True)
class Operation:
    """One method on one path."""

    method: str
    path: str

    @property
    def name(self) -> str:
        """`GET /subjects/{subject_id}`."""
        return f"{self.method} {self.path}"


_EVERYBODY, _ANY = Row(Gives.EVERYBODY), Row(Gives.ANY_CALLER)
_OWN, _NAMED, _MODERATORS = Row(Gives.OWN), Row(Gives.NAMED), Row(Gives.MODERATORS)
_NOTE = {"note": "It is mine."}
ROWS: Mapping[str, Row] = {
    "GET /health": _EVERYBODY,
    "GET /styles": _ANY,
    "GET /models": _ANY,
    "GET /subjects": _OWN,
    "POST /subjects": Row(
        Gives.OWN,
        {"name": "Mine", "kind": "object", "consent": {"statement": "Mine.", "accepted": True}},
    ),
    "GET /subjects/{subject_id}": _NAMED,
    "PATCH /subjects/{subject_id}": Row(Gives.NAMED, {"name": "Mine now"}),
    "DELETE /subjects/{subject_id}": _NAMED,
    "GET /subjects/{subject_id}/photos": _NAMED,
    "POST /subjects/{subject_id}/photos": Row(
        Gives.NAMED, {"photos": [{"content_type": "image/jpeg", "size_bytes": 1000}]}
    ),
    "GET /subjects/{subject_id}/photos/{photo_id}": _NAMED,
    "DELETE /subjects/{subject_id}/photos/{photo_id}": _NAMED,
    "GET /subjects/{subject_id}/trainings": _NAMED,
    "POST /subjects/{subject_id}/trainings": Row(Gives.NAMED, {}),
    "GET /trainings/{training_id}": _NAMED,
    "POST /trainings/{training_id}/cancel": _NAMED,
    "GET /uploads": _OWN,
    "POST /uploads": Row(
        Gives.OWN, {"purpose": "init_image", "content_type": "image/png", "size_bytes": 1000}
    ),
    "GET /uploads/{upload_id}": _NAMED,
    "DELETE /uploads/{upload_id}": _NAMED,
    "GET /generations": _OWN,
    "POST /generations": Row(
        Gives.NAMED, {"subject_id": "{subject_id}", "text_prompts": [{"text": "<subject>"}]}
    ),
    "GET /generations/{generation_id}": _NAMED,
    "DELETE /generations/{generation_id}": _NAMED,
    "POST /generations/{generation_id}/cancel": _NAMED,
    "POST /generations/{generation_id}/images/{image_id}/report": Row(
        Gives.NAMED, {"reason": "other"}
    ),
    "POST /generations/{generation_id}/images/{image_id}/appeal": Row(Gives.NAMED, _NOTE),
    "GET /reviews": _MODERATORS,
    "GET /reviews/audit": _MODERATORS,
    "GET /reviews/{review_id}": _MODERATORS,
    "POST /reviews/{review_id}/decision": Row(Gives.MODERATORS, {"decision": "release"}),
    # Whoever holds the id of an erasure may follow it: the account is gone. This one is invented.
    "GET /erasures/{erasure_id}": Row(Gives.EVERYBODY, own=frozenset({404})),
    # Not an image that came from here, and not one at all.
    "POST /verify": Row(Gives.OWN, {"image": "bm90IGFuIGltYWdl"}, frozenset({200, 422})),
    "GET /me": _OWN,
    "POST /me/appeal": Row(Gives.OWN, _NOTE, frozenset({409})),
    "DELETE /me": _OWN,
}


def operations() -> list[Operation]:
    """Those of the committed description, what deletes at the end."""
    paths: Mapping[str, Mapping[str, Any]] = json.loads(DOCUMENT.read_text("utf-8"))["paths"]
    found = [
        Operation(method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if method in _METHODS
    ]
    return sorted(found, key=_gently)


def _gently(one: Operation) -> tuple[bool, bool, str, str]:
    # An attacker who erased their own account could not attack any more.
    return one.name == "DELETE /me", one.method == "DELETE", one.path, one.method
