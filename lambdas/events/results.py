"""Results of the endpoint: every image is screened before anybody can have its address.

    endpoint → SNS → SQS →  queued, warming, running ──► screening ──► one of the ends

Notifications come twice, late, in any order, or after their generation was cancelled or deleted.
Each is judged by where the generation stands now:

    waiting or screening    the images are looked at, released or withheld, then the record is ended
    ended, hidden, gone     whatever the endpoint or an earlier delivery left behind is removed

What is looked for stands in `lambdas.domain.image_screening`. Screening and marking
(`lambdas.release`) fail closed: without an answer the message comes back, and the generation stays
`screening`. Images are written before the record says so, released ones among the avatars, withheld
ones into quarantine with a review that is written together with the end; if the record ended
otherwise in the meantime, they are removed again, and nobody has had a link to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from contract.errors import InvalidDocumentError
from contract.generation import MAX_SAMPLES
from contract.generation_result import MAX_RESPONSE_BYTES, GenerationResponse
from contract.generation_result import Artifact as RawArtifact
from contract.generation_result import FinishReason as RawFinishReason
from contract.s3_location import S3Location
from lambdas import environment, telemetry, wiring
from lambdas.domain.errors import Unavailable
from lambdas.domain.generation import (
    Artifact,
    FinishReason,
    Generation,
    GenerationState,
    ending,
    image_id,
)
from lambdas.domain.generation_failure import GenerationFailureCode, diagnose, failure_of
from lambdas.domain.image_screening import ImageScreening
from lambdas.domain.image_settings import Policy
from lambdas.domain.image_verdict import Outcome
from lambdas.domain.locations import avatar_key, withheld_key
from lambdas.domain.rendered_image import NotAnImage, render
from lambdas.domain.retention import generation_expires_at
from lambdas.events.notification import Notification
from lambdas.events.queue_batch import queue_handler
from lambdas.events.shown_subject import shown_subject
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.ports import CannotBeMarked, ObjectMissing, ObjectTooLarge
from lambdas.records.generations import advance_generation, end_generation, find_generation
from lambdas.records.recent_times import remember
from lambdas.records.review_openings import withheld_by_screening
from lambdas.records.standing import violation
from lambdas.screening import fail_closed
from lambdas.violations import block_if_due

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.image_screening import ShownSubject
    from lambdas.domain.settings import DomainSettings
    from lambdas.domain.text_screening import TextScreening
    from lambdas.ports import Clock, ImageModeration, ObjectStore, Postponement, Table
    from lambdas.release import Release
    from lambdas.table import Write

_MAX_FAILURE_BYTES = 64 * 1024
# Where the endpoint leaves its answers (inference stack); nothing else is ever read or removed.
_ANSWERS = ("results/", "failures/")


@dataclass(frozen=True)
class ResultPorts:
    """`work` holds the endpoint's answers, `avatars` what was released, `photos` the accepted ones.

    `words` screens text in images, where the environment wants that.
    """

    settings: DomainSettings
    table: Table
    clock: Clock
    work: ObjectStore
    avatars: ObjectStore
    photos: ObjectStore
    moderation: ImageModeration
    release: Release
    words: TextScreening | None = None
    postponement: Postponement | None = None


def build_handler(ports: ResultPorts) -> Handler:
    """The handler over these ports."""
    results = Results(ports)

    def take(message: dict[str, Any]) -> None:
        results.take(Notification.read(message))

    return queue_handler("result", take, ports.postponement)


class Results:
    """Takes one notification at a time."""

    def __init__(self, ports: ResultPorts) -> None:
        self._ports = ports
        settings = ports.settings
        self._screening = ImageScreening(
            settings.moderation,
            settings.photos.face.min_confidence,
            ports.moderation,
            ports.words,
        )

    def take(self, told: Notification) -> None:
        """Bring the generation to its end; raises Unavailable to be told again."""
        generation = find_generation(self._ports.table, told.owner, told.generation_id)
        if generation is None or generation.deleting or not generation.is_active:
            self._tidy(told, generation)
        elif told.output is None:
            self._fail(generation, self._cause(generation, told.reason or ""))
        elif self._is_screening(generation):
            self._screen(generation, told.output)
        else:
            raise Unavailable("records")  # it moved while we looked: look again
        if told.output is not None:
            self._remove_answer(told.output)

    def _is_screening(self, generation: Generation) -> bool:
        if generation.state is GenerationState.SCREENING:
            return True
        ports = self._ports
        target = GenerationState.SCREENING
        return advance_generation(ports.table, generation, target, ports.clock.now())

    def _screen(self, generation: Generation, output: S3Location) -> None:
        came = self._ports.clock.now()
        try:
            response = self._response(generation, output)
        except ObjectMissing:
            self._fail(generation, GenerationFailureCode.RESULT_LOST)
            return
        except (ObjectTooLarge, InvalidDocumentError):
            self._fail(generation, GenerationFailureCode.RESULT_UNREADABLE)
            return
        ports = self._ports
        subject = shown_subject(ports.table, ports.photos, generation, ports.settings.photos.set)
        judged = [self._judge(generation, raw, subject) for raw in response.artifacts]
        # Nothing is written before every image has been judged.
        artifacts = [self._place(generation, artifact, png) for artifact, png in judged]
        state = ending(artifact.finish_reason for artifact in artifacts)
        failed = state is GenerationState.FAILED
        ended = end_generation(
            self._ports.table,
            generation.owner,
            generation.id,
            state,
            self._ports.clock.now(),
            artifacts=artifacts,
            failure=failure_of(GenerationFailureCode.INTERNAL_ERROR) if failed else None,
            expires_at=self._expires_at(state),
            beside=self._reviews(generation, artifacts),
        )
        if ended:
            self._remember(generation, response, came)
            _count(artifacts, failed=failed)
            rules = self._ports.settings.moderation.violations
            block_if_due(self._ports.table, generation.owner, self._ports.clock.now(), rules)
            telemetry.logger.info(
                "generation_screened", extra={"generation_id": generation.id, "state": state}
            )
        else:
            # Cancelled, deleted, or ended by another delivery: only what the record shows may stay.
            self._remove_unshown(generation.owner, generation.id)

    def _remember(
        self, generation: Generation, response: GenerationResponse, came: datetime
    ) -> None:
        """What the next ones are told about their wait; a result never fails for it."""
        service_s, since = response.timings.total_s, generation.warming_since
        wake_s = (came - since).total_seconds() - service_s if since else None
        try:
            model = generation.plan.base_model or self._ports.settings.base_model.id
            remember(self._ports.table, model, service_s=service_s, wake_s=wake_s)
        except Unavailable as error:
            telemetry.log_failure("times_not_kept", error, generation_id=generation.id)

    def _expires_at(self, state: GenerationState) -> datetime | None:
        ports = self._ports
        return generation_expires_at(ports.settings.retention_days, state, ports.clock.now())

    def _response(self, generation: Generation, output: S3Location) -> GenerationResponse:
        if not self._is_answer(output):
            raise ObjectMissing
        text = self._ports.work.read(output.key, max_bytes=MAX_RESPONSE_BYTES)
        response = GenerationResponse.from_json(text)
        seeds = tuple(artifact.seed for artifact in response.artifacts)
        if response.generation_id != generation.id or seeds != generation.plan.seeds:
            raise InvalidDocumentError("the answer to another request")
        return response

    def _judge(
        self, generation: Generation, raw: RawArtifact, subject: ShownSubject
    ) -> tuple[Artifact, bytes | None]:
        """One image as it was judged, and its PNG; None for what is no image."""
        image = image_id(generation.id, raw.index)
        if raw.finish_reason is not RawFinishReason.SUCCESS:
            return Artifact(image, raw.seed, FinishReason(raw.finish_reason.value)), None
        try:
            rendered = render(raw.image, *generation.plan.output_size)
        except NotAnImage:
            telemetry.logger.warning("image_unreadable", extra={"image_id": image})
            return Artifact(image, raw.seed, FinishReason.ERROR), None
        with fail_closed():
            screened = self._screening.screen(rendered.screening, subject)
        verdict, score = screened.verdict, screened.identity_score
        passed = verdict.outcome is Outcome.RELEASED
        if not passed:
            telemetry.logger.info(
                "image_not_released",
                extra={"image_id": image, "outcome": verdict.outcome, "reason": verdict.reason},
            )
        reason = FinishReason.SUCCESS if passed else FinishReason.CONTENT_FILTERED
        return Artifact(image, raw.seed, reason, verdict, score), rendered.png

    def _place(self, generation: Generation, artifact: Artifact, png: bytes | None) -> Artifact:
        """Release the image, or put it where moderators find it.

        Returns it as its owner will see it: one that cannot be marked is not shown.
        """
        if png is None:
            return artifact
        if artifact.finish_reason is FinishReason.CONTENT_FILTERED:
            key = withheld_key(generation.owner, generation.id, artifact.id)
            self._ports.work.write(key, png, content_type="image/png")
            return artifact
        try:
            self._ports.release(generation, artifact.id, png)
        except CannotBeMarked:
            telemetry.logger.warning("image_unmarkable", extra={"image_id": artifact.id})
            return replace(artifact, finish_reason=FinishReason.ERROR)
        return artifact

    def _reviews(self, generation: Generation, artifacts: list[Artifact]) -> list[Write]:
        """What goes with the end: a review of each withheld image, and the count of them."""
        settings, now = self._ports.settings, self._ports.clock.now()
        days = settings.retention_days.images
        reviews = [
            withheld_by_screening(generation, artifact, now, days)
            for artifact in artifacts
            # Without a verdict, a hosted model kept it: a moderator could see nothing, and what
            # somebody else's filter says does not count against the owner.
            if artifact.finish_reason is FinishReason.CONTENT_FILTERED and artifact.verdict
        ]
        if not reviews:
            return []
        rules = settings.moderation.violations
        return [*reviews, violation(generation.owner, now, rules, len(reviews))]

    def _fail(self, generation: Generation, code: GenerationFailureCode) -> None:
        expired = code is GenerationFailureCode.EXPIRED
        target = GenerationState.EXPIRED if expired else GenerationState.FAILED
        if generation.state is GenerationState.SCREENING:
            target = GenerationState.FAILED
            # An interrupted delivery may have written images that nobody will be shown.
            self._remove_unshown(generation.owner, generation.id)
        ended = end_generation(
            self._ports.table,
            generation.owner,
            generation.id,
            target,
            self._ports.clock.now(),
            failure=failure_of(code),
            expires_at=self._expires_at(target),
        )
        if ended:
            telemetry.count("GenerationsFailed")
            telemetry.logger.warning(
                "generation_failed", extra={"generation_id": generation.id, "code": code}
            )

    def _cause(self, generation: Generation, reason: str) -> GenerationFailureCode:
        """From the notification, and from the container's own words in the failure file."""
        if generation.failure_uri is None:
            return diagnose(reason)
        location = S3Location.parse(generation.failure_uri)
        try:
            text = self._ports.work.read(location.key, max_bytes=_MAX_FAILURE_BYTES)
        except (ObjectMissing, ObjectTooLarge):
            return diagnose(reason)
        self._remove_answer(location)
        return diagnose(f"{reason} {text.decode(errors='replace')}")

    def _tidy(self, told: Notification, generation: Generation | None) -> None:
        """A late or repeated notification: leave only what its generation shows."""
        if generation is None or not generation.shown:
            self._remove_unshown(told.owner, told.generation_id)

    def _remove_unshown(self, owner: str, generation_id: str) -> None:
        generation = find_generation(self._ports.table, owner, generation_id)
        shown = {each.id for each in generation.shown} if generation else set()
        withheld = {each.id for each in generation.withheld} if generation else set()
        images = {image_id(generation_id, index) for index in range(MAX_SAMPLES)}
        ids = (owner, generation_id)
        self._ports.avatars.delete([avatar_key(*ids, each) for each in sorted(images - shown)])
        self._ports.work.delete([withheld_key(*ids, each) for each in sorted(images - withheld)])

    def _is_answer(self, location: S3Location) -> bool:
        return location.bucket == self._ports.work.bucket and location.key.startswith(_ANSWERS)

    def _remove_answer(self, location: S3Location) -> None:
        if self._is_answer(location):
            self._ports.work.delete([location.key])


def _count(artifacts: list[Artifact], *, failed: bool) -> None:
    reasons = [artifact.finish_reason for artifact in artifacts]
    for name, reason in (
        ("ImagesReleased", FinishReason.SUCCESS),
        ("ImagesWithheld", FinishReason.CONTENT_FILTERED),
    ):
        if reason in reasons:
            telemetry.count(name, reasons.count(reason))
    verdicts = [artifact.verdict for artifact in artifacts if artifact.verdict]
    waiting = sum(verdict.outcome is Outcome.REVIEW for verdict in verdicts)
    if waiting:
        telemetry.count("ImagesToReview", waiting)
    if failed:
        telemetry.count("GenerationsFailed")


def _wired() -> Handler:
    settings = environment.current().settings()
    reads_text = settings.moderation.images.text is not Policy.ALLOW
    return build_handler(
        ResultPorts(
            settings=settings,
            table=wiring.table(),
            clock=wiring.clock(),
            work=wiring.bucket("WORK_BUCKET"),
            avatars=wiring.bucket("AVATARS_BUCKET"),
            photos=wiring.bucket("PHOTOS_BUCKET"),
            moderation=wiring.image_moderation(),
            release=wiring.release(),
            words=wiring.text_screening() if reads_text else None,
            postponement=wiring.postponement(),
        )
    )


handler = lambda_handler(_wired)
