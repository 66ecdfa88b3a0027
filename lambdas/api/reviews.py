"""`/reviews`: what was withheld, reported, appealed or blocked, for the group `moderators`.

Under an Idempotency-Key it is kept that a decision was made, and nothing of what it was about: so
nothing of a user's is kept under a moderator's name. A repetition reads the review as it is then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from lambdas import environment, telemetry, wiring
from lambdas.api.audit_export import add_audit_routes
from lambdas.api.http import Api, page_of
from lambdas.api.messages import Answer, Request, ok
from lambdas.api.review_bodies import DecideReview
from lambdas.api.review_decisions import Deciding
from lambdas.api.review_images import ReviewImages
from lambdas.api.review_photos import ReviewPhotos
from lambdas.api.review_views import summary
from lambdas.domain import moments
from lambdas.domain.audit import AuditAction, AuditEntry, names_of
from lambdas.domain.errors import Conflict, FieldError, Invalid, NotFound
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.review import Review, ReviewReason, ReviewState
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records.audit import appending
from lambdas.records.reviews import find_review_by_id, list_reviews
from lambdas.records.standing import read_standing

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, ObjectStore, Queue, Table
    from lambdas.release import Release

MODERATORS = "moderators"
# A link to something that most people must not see lives no longer than it takes to look.
PREVIEW_SECONDS = 60
ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


class Preview(StrEnum):
    """How a moderator sees an image."""

    BLURRED = "blurred"
    CLEAR = "clear"


@dataclass(frozen=True)
class ReviewPorts:
    """`table` also appends to the audit log, `audit` reads it; `intake` goes on with photos."""

    settings: DomainSettings
    table: Table
    audit: Table
    clock: Clock
    persistence: Callable[[], BasePersistenceLayer]
    work: ObjectStore
    avatars: ObjectStore
    photos: ObjectStore
    intake: Queue
    release: Release


def build_app(ports: ReviewPorts) -> Api:
    """The routes over these ports."""
    table, clock = ports.table, ports.clock
    api = Api(table=table, clock=clock, persistence=ports.persistence, group=MODERATORS)
    images = ReviewImages(table, ports.work, ports.avatars, ports.release)
    rules = ports.settings.moderation.violations
    photos = ReviewPhotos(table, ports.photos, ports.work, ports.intake)
    deciding = Deciding(table, clock, images, photos, rules)
    add_audit_routes(api, ports)

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

    @api.get("/reviews/{review_id}")
    def read_review(request: Request[None]) -> Answer:
        """Read a review, with a blurred preview; `?preview=clear` shows it as it is, and is kept
        in the audit log.
        """
        preview = _choice(request, "preview", Preview) or Preview.BLURRED
        return ok(document(_read(table, request), request, preview))

    def decided_before(request: Request[Any], _: Mapping[str, Any]) -> Answer:
        return ok(summary(_read(table, request)))

    @api.post("/reviews/{review_id}/decision", body=DecideReview, status=200, again=decided_before)
    def decide_review(request: Request[DecideReview]) -> Answer:
        """Release the image or photo, withhold it, or withhold it and block the account.

        Of a block: lift it, or let it stay. Repeating your own decision answers as before; with an
        Idempotency-Key also after the review was opened again, and then as it is by now.
        """
        body = request.body
        review_id = request.id("review_id", Prefix.REVIEW)
        review = deciding.run(review_id, body.decision, by=request.owner, note=body.note or "")
        return replace(ok(summary(review)), kept={})

    return api


def _read(table: Table, request: Request[Any]) -> Review:
    review = find_review_by_id(table, request.id("review_id", Prefix.REVIEW))
    if review is None:
        raise NotFound("review")
    return review


def _preview(
    ports: ReviewPorts, deciding: Deciding, review: Review, request: Request[Any], kind: Preview
) -> dict[str, Any] | None:
    try:
        picture = deciding.picture(review)
    except Conflict:
        return None
    now = ports.clock.now()
    if kind is Preview.CLEAR:
        # Before the link: without an entry nobody looks.
        entry = AuditEntry(
            id=new_id(Prefix.AUDIT, now),
            at=now,
            by=request.owner,
            action=AuditAction.VIEW_CLEAR,
            review_id=review.id,
            account_id=review.owner,
            **names_of(review),
        )
        ports.table.write(appending(entry))
        telemetry.count("ClearPreviews")
        link: str | None = picture.clear(PREVIEW_SECONDS)
    else:
        link = picture.blurred(PREVIEW_SECONDS)
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


def _wired() -> Handler:
    return build_app(
        ReviewPorts(
            settings=environment.current().settings(),
            table=wiring.audited_table(),
            audit=wiring.audit_log(),
            clock=wiring.clock(),
            persistence=wiring.persistence,
            work=wiring.bucket("WORK_BUCKET"),
            avatars=wiring.bucket("AVATARS_BUCKET"),
            photos=wiring.bucket("PHOTOS_BUCKET"),
            intake=wiring.queue("INTAKE_QUEUE_URL"),
            release=wiring.release(),
        )
    )


handler = lambda_handler(_wired)
