"""Carries a moderator's decision out: files, record, audit entry, account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.api.review_images import ReviewImages, image_erased
from lambdas.api.review_photos import ReviewPhotos
from lambdas.domain.errors import Conflict, Forbidden, NotFound, Unavailable
from lambdas.domain.generation import FinishReason
from lambdas.domain.review import Decision, Review, ReviewReason
from lambdas.records.decisions import GENERATION, decide_block, decide_image, decide_photo
from lambdas.records.generations import find_generation
from lambdas.records.reviews import find_review_by_id
from lambdas.records.standing import forgive
from lambdas.table import ConditionFailed

if TYPE_CHECKING:
    from lambdas.domain.generation import Artifact, Generation
    from lambdas.domain.settings import ViolationRules
    from lambdas.ports import Clock, Table

# How often a decision is tried against changes that come in between.
_RACES = 5


@dataclass(frozen=True)
class Picture:
    """Makes links, for so many seconds, to a picture as it is, and blurred (None: it is gone)."""

    clear: Callable[[int], str]
    blurred: Callable[[int], str | None]


@dataclass(frozen=True)
class Deciding:
    """Decides reviews."""

    table: Table
    clock: Clock
    images: ReviewImages
    photos: ReviewPhotos
    rules: ViolationRules

    def run(self, review_id: str, decision: Decision, *, by: str, note: str) -> Review:
        """The review as it stands afterwards.

        Repeating one's own decision changes nothing and tidies up what an interruption left.
        Raises NotFound, Forbidden `own_review`, Conflict `review_decided`, `image_erased` or
        `photo_erased`.
        """
        for _ in range(_RACES):
            review = find_review_by_id(self.table, review_id)
            if review is None:
                raise NotFound("review")
            if review.owner == by:
                raise Forbidden("Somebody else has to decide about your own.", code="own_review")
            if not review.is_open:
                return self._repeated(review, decision, by)
            try:
                done = self._decide(review, decision, by, note)
            except ConditionFailed:
                continue
            self._tell(review, done)
            return done
        raise Unavailable("records")

    def _decide(self, review: Review, decision: Decision, by: str, note: str) -> Review:
        now = self.clock.now()
        if review.photo is not None:
            photo = self.photos.find(review.owner, review.photo)
            done = decide_photo(self.table, review, photo, decision, by=by, note=note, now=now)
            self._tidy(done)
            return done
        if review.image is None:
            return decide_block(self.table, review, decision, by=by, note=note, now=now)
        generation, artifact = self.find_image(review)
        wanted = (
            FinishReason.SUCCESS if decision is Decision.RELEASE else FinishReason.CONTENT_FILTERED
        )
        self.images.put_in_place(review, generation, artifact, wanted)
        try:
            done = decide_image(
                self.table, review, generation, artifact, decision, by=by, note=note, now=now
            )
        except ConditionFailed as failed:
            # Of two decisions at once the other may have been the contrary one.
            self._tidy(review)
            if GENERATION in failed.failed:
                self.find_image(review)
            raise
        self._tidy(done)
        return done

    def _repeated(self, review: Review, decision: Decision, by: str) -> Review:
        decided = review.decided
        if decided is not None and (decided.by, decided.decision) == (by, decision):
            self._tidy(review)
            return review
        raise Conflict(
            f"This was decided already: it is {review.state.value}. Read it again.",
            code="review_decided",
        )

    def find_image(self, review: Review) -> tuple[Generation, Artifact]:
        """The image and its generation; raises Conflict `image_erased`."""
        if review.image is not None:
            names = (review.owner, review.image.generation_id)
            generation = find_generation(self.table, *names)
            if generation is not None and not generation.deleting:
                for artifact in (*generation.shown, *generation.withheld):
                    if artifact.id == review.image.image_id:
                        return generation, artifact
        raise image_erased()

    def picture(self, review: Review) -> Picture:
        """What a moderator sees of it; raises Conflict if there is nothing, or nothing more."""
        if review.photo is not None:
            photo = self.photos.find(review.owner, review.photo)
            return Picture(
                partial(self.photos.clear_link, photo), partial(self.photos.blurred_link, photo)
            )
        found = self.find_image(review)
        return Picture(
            partial(self.images.clear_link, *found), partial(self.images.blurred_link, *found)
        )

    def _tidy(self, review: Review) -> None:
        if review.photo is not None:
            self.photos.go_on(review.owner, review.photo)
        if review.image is None:
            return
        try:
            found = self.find_image(review)
        except Conflict:
            return  # what is left of it is left to the erasure
        self.images.tidy(*found)

    def _tell(self, before: Review, done: Review) -> None:
        decision = done.decided.decision if done.decided else None
        telemetry.count("ReviewsDecided")
        if decision is Decision.BAN and done.of:
            telemetry.count("AccountsBanned")
        telemetry.logger.info("review_decided", extra={"review_id": done.id, "decision": decision})
        wrongly = decision is Decision.RELEASE and done.image and not before.was_released
        if wrongly and ReviewReason.REPORT is not before.reason:
            forgive(self.table, done.owner, done.created_at, self.rules)
