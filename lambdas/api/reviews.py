"""`/reviews`: what was withheld, reported, appealed or blocked, for the group `moderators`.

A decision needs no Idempotency-Key: repeated by whoever made it, it answers as before. So nothing
of a user's is kept under a moderator's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from lambdas import environment, telemetry, wiring
from lambdas.api.http import Api, page_of
from lambdas.api.messages import Answer, Request, ok
from lambdas.api.review_bodies import DecideReview
from lambdas.api.review_decisions import Deciding
from lambdas.api.review_images import ReviewImages
from lambdas.api.review_views import as_csv, as_json_lines, entry_document, summary
from lambdas.domain import moments
from lambdas.domain.audit import AuditAction, AuditEntry
from lambdas.domain.errors import Conflict, FieldError, Invalid, NotFound
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.review import Image, Review, ReviewReason, ReviewState
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records.audit import appending, list_entries
from lambdas.records.reviews import find_review, find_review_by_id, list_reviews
from lambdas.records.standing import read_standing

if TYPE_CHECKING:
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, ObjectStore, Table
    from lambdas.table import Item

MODERATORS = "moderators"
# A link to something that most people must not see lives no longer than it takes to look.
PREVIEW_SECONDS = 60
_LONGEST_EXPORT = timedelta(days=400)
_USUAL_EXPORT = timedelta(days=30)
_EXPORTS = {"text/csv": as_csv, "application/x-ndjson": as_json_lines}
ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


class Preview(StrEnum):
    """How a moderator sees an image."""

    BLURRED = "blurred"
    CLEAR = "clear"


@dataclass(frozen=True)
class ReviewPorts:
    """`table` also appends to the audit log, `audit` reads it."""

    settings: DomainSettings
    table: Table
    audit: Table
    clock: Clock
    work: ObjectStore
    avatars: ObjectStore


def build_app(ports: ReviewPorts) -> Api:
    """The routes over these ports."""
    table, clock = ports.table, ports.clock
    api = Api(table=table, clock=clock, group=MODERATORS)
    images = ReviewImages(table, ports.work, ports.avatars)
    rules = ports.settings.moderation.violations
    deciding = Deciding(table, clock, images, rules)

    def document(review: Review, request: Request[Any], preview: Preview) -> dict[str, Any]:
        standing, now = read_standing(table, review.owner), clock.now()
        return {
            **summary(review),
            "account": {
                "standing": standing.name(now, rules).value,
                "violations": round(standing.score(now, rules), 2),
            },
            "preview": _preview(ports, deciding, review, request, preview),
        }

    @api.get("/reviews")
    def list_reviews_of_all(request: Request[None]) -> Answer:
        """List reviews in one state (`open` unless told otherwise), the oldest first."""
        state = _choice(request, "state", ReviewState) or ReviewState.OPEN
        reason = _choice(request, "reason", ReviewReason)
        found, position = list_reviews(
            table, state, reason, limit=request.page.limit, after=request.page.position
        )
        return page_of(request, "/reviews", [summary(each) for each in found], position)

    @api.get("/reviews/audit")
    def export_audit_log(request: Request[None]) -> Answer:
        """Export what moderators did from `from` on and before `to`, the oldest first.

        `Accept: text/csv` or `application/x-ndjson` gives a file of that kind; the rest then stands
        behind the `Link` with `rel="next"`. Where an account was erased there are ids only.
        """
        since, until = _span(request, clock.now())
        page = request.page
        items, position = list_entries(
            ports.audit, since, until, limit=page.limit, after=page.position
        )
        entries = [entry_document(item, _notes(table, item)) for item in items]
        answer = page_of(request, "/reviews/audit", entries, position)
        accept = request.headers.get("accept", "")
        return _file(answer, accept, since, until, page.limit) if accept in _EXPORTS else answer

    @api.get("/reviews/{review_id}")
    def read_review(request: Request[None]) -> Answer:
        """Read a review, with a blurred preview; `?preview=clear` shows it as it is, and is kept
        in the audit log.
        """
        preview = _choice(request, "preview", Preview) or Preview.BLURRED
        review = find_review_by_id(table, request.id("review_id", Prefix.REVIEW))
        if review is None:
            raise NotFound("review")
        return ok(document(review, request, preview))

    @api.post("/reviews/{review_id}/decision", body=DecideReview, status=200)
    def decide_review(request: Request[DecideReview]) -> Answer:
        """Release the image, withhold it, or withhold it and block the account.

        Of a block: lift it, or let it stay. Repeating your own decision answers as before, with or
        without an Idempotency-Key.
        """
        body = request.body
        review_id = request.id("review_id", Prefix.REVIEW)
        review = deciding.run(review_id, body.decision, by=request.owner, note=body.note or "")
        return ok(summary(review))

    return api


def _preview(
    ports: ReviewPorts, deciding: Deciding, review: Review, request: Request[Any], kind: Preview
) -> dict[str, Any] | None:
    try:
        generation, artifact = deciding.find_image(review)
    except Conflict:
        return None
    now, images = ports.clock.now(), deciding.images
    if kind is Preview.CLEAR:
        # Before the link: without an entry nobody looks.
        entry = AuditEntry(
            id=new_id(Prefix.AUDIT, now),
            at=now,
            by=request.owner,
            action=AuditAction.VIEW_CLEAR,
            review_id=review.id,
            account_id=review.owner,
            generation_id=generation.id,
            image_id=artifact.id,
        )
        ports.table.write(appending(entry))
        telemetry.count("ClearPreviews")
        link: str | None = images.clear_link(generation, artifact, PREVIEW_SECONDS)
    else:
        link = images.blurred_link(generation, artifact, PREVIEW_SECONDS)
    if link is None:
        return None
    expires = now + timedelta(seconds=PREVIEW_SECONDS)
    return {"kind": kind.value, "url": link, "expires_at": moments.to_text(expires)}


def _choice(request: Request[Any], name: str, choices: type[ChoiceT]) -> ChoiceT | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return choices(text)
    except ValueError:
        detail = f"This is one of {', '.join(choices)}."
        raise Invalid([FieldError(f"?{name}", detail, "not_allowed")]) from None


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
    image = Image(item["generation_id"], item["image_id"]) if item["image_id"] else None
    review = find_review(table, item["account_id"], image)
    return review.notes if review else {}


def _file(answer: Answer, kind: str, since: datetime, until: datetime, limit: int) -> Answer:
    body = answer.body or {}
    headers = {"Content-Type": kind}
    if body["next_cursor"]:
        span = f"from={moments.to_text(since)}&to={moments.to_text(until)}"
        # Relative to where it was asked for, whatever stands before that path.
        more = f"?{span}&limit={limit}&cursor={body['next_cursor']}"
        headers["Link"] = f'<{more}>; rel="next"'
    return Answer(200, headers=headers, text=_EXPORTS[kind](body["items"]))


def _wired() -> Handler:
    return build_app(
        ReviewPorts(
            settings=environment.current().settings(),
            table=wiring.audited_table(),
            audit=wiring.audit_log(),
            clock=wiring.clock(),
            work=wiring.bucket("WORK_BUCKET"),
            avatars=wiring.bucket("AVATARS_BUCKET"),
        )
    )


handler = lambda_handler(_wired)
