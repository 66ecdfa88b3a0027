"""What operations take behind the question mark, besides `limit` and `cursor`."""

from __future__ import annotations

from typing import Any

from lambdas.api.reviews import Preview
from lambdas.domain.review import ReviewReason, ReviewState


def _choice(name: str, values: list[str], default: str | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "enum": values}
    if default is not None:
        schema["default"] = default
    return {"name": name, "in": "query", "schema": schema}


def _moment(name: str) -> dict[str, Any]:
    schema = {
        "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
    }
    return {"name": name, "in": "query", "schema": schema}


QUERIES: dict[str, list[dict[str, Any]]] = {
    "GET /reviews": [
        _choice("state", list(ReviewState), ReviewState.OPEN),
        _choice("reason", list(ReviewReason)),
    ],
    "GET /reviews/audit": [_moment("from"), _moment("to")],
    "GET /reviews/{review_id}": [_choice("preview", list(Preview), Preview.BLURRED)],
}
# Files that an operation gives instead of JSON, by media type.
FILES: dict[str, tuple[str, ...]] = {"GET /reviews/audit": ("text/csv", "application/x-ndjson")}
