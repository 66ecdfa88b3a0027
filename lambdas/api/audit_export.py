"""`GET /reviews/audit`: what moderators did, as a list or as a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lambdas.api.messages import Answer, Request
from lambdas.api.reading import page_of
from lambdas.api.review_views import as_csv, as_json_lines, entry_document
from lambdas.domain import moments
from lambdas.domain.errors import FieldError, Invalid
from lambdas.domain.review import HeldPhoto, Image
from lambdas.records.audit import entry_from, list_entries
from lambdas.records.reviews import find_review

if TYPE_CHECKING:
    from lambdas.api.http import Api
    from lambdas.api.reviews import ReviewPorts
    from lambdas.domain.audit import AuditEntry
    from lambdas.ports import Table
    from lambdas.table import Item

_LONGEST_EXPORT = timedelta(days=400)
_USUAL_EXPORT = timedelta(days=30)
_EXPORTS = {"text/csv": as_csv, "application/x-ndjson": as_json_lines}


def add_audit_routes(api: Api, ports: ReviewPorts) -> None:
    """The route over these ports."""

    @api.get("/reviews/audit")
    def export_audit_log(request: Request[None]) -> Answer:
        """Export what moderators did from `from` on and before `to`, the oldest first.

        `Accept: text/csv` or `application/x-ndjson` gives a file of that kind; the rest then stands
        behind the `Link` with `rel="next"`. Where an account was erased there are ids only.
        """
        since, until = _span(request, ports.clock.now())
        page = request.page
        items, position = list_entries(
            ports.audit, since, until, limit=page.limit, after=page.position
        )
        entries = [entry_document(item, _notes(ports.table, item)) for item in items]
        answer = page_of(request, "/reviews/audit", entries, position)
        accept = request.headers.get("accept", "")
        return _file(answer, accept, since, until, page.limit) if accept in _EXPORTS else answer


def _span(request: Request[Any], now: datetime) -> tuple[datetime, datetime]:
    until = _moment(request, "to") or now + timedelta(milliseconds=1)
    since = _moment(request, "from") or until - _USUAL_EXPORT
    if not timedelta(0) <= until - since <= _LONGEST_EXPORT:
        detail = f"From here to `to` are 0 to {_LONGEST_EXPORT.days} days."
        raise Invalid([FieldError("?from", detail, "out_of_range")])
    return since, until


def _moment(request: Request[Any], name: str) -> datetime | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        detail = "This is a date or a time as in 2026-11-30 or 2026-11-30T12:00:00Z."
        raise Invalid([FieldError(f"?{name}", detail, "invalid")]) from None


def _notes(table: Table, item: Item) -> Mapping[str, str]:
    """The notes of the review that an entry is about; none once it was erased."""
    if item["note_sha256"] is None:
        return {}
    review = find_review(table, item["account_id"], _about(entry_from(item)))
    return review.notes if review else {}


def _about(entry: AuditEntry) -> Image | HeldPhoto | None:
    if entry.photo_id and entry.subject_id:
        return HeldPhoto(entry.subject_id, entry.photo_id)
    if entry.image_id and entry.generation_id:
        return Image(entry.generation_id, entry.image_id)
    return None


def _file(answer: Answer, kind: str, since: datetime, until: datetime, limit: int) -> Answer:
    body = answer.body or {}
    headers = {"Content-Type": kind}
    if body["next_cursor"]:
        span = f"from={moments.to_text(since)}&to={moments.to_text(until)}"
        # Relative to where it was asked for, whatever stands before that path.
        more = f"?{span}&limit={limit}&cursor={body['next_cursor']}"
        headers["Link"] = f'<{more}>; rel="next"'
    return Answer(200, headers=headers, text=_EXPORTS[kind](body["items"]))
