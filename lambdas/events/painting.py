"""Requests for a hosted model: one call a sample, and an answer such as the endpoint gives.

    api → SQS → here → Bedrock
                 └──► results/… → SQS → results      screening, marking, release: as for every image

A message names a request document and may come twice. It begins nothing if its generation has
ended, waits for screening, or was withdrawn (its document is gone); and an answer that comes too
late for that is thrown away.

What passes by itself (throttling, a model that is busy) is no dead letter: the same request is sent
again, later each time. When patience is over, the generation fails and says why.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.generation import GenerationRequest
from contract.generation_result import (
    Artifact,
    GenerationProgress,
    GenerationResponse,
    Timings,
)
from contract.s3_location import S3Location
from lambdas import environment, telemetry, wiring
from lambdas.domain.errors import Unavailable
from lambdas.domain.generation import WAITING_GENERATION_STATES, Generation
from lambdas.domain.generation_failure import PaintingFailure
from lambdas.domain.generation_request import PROGRESS_FILE
from lambdas.domain.locations import generation_prefix, painted_key
from lambdas.domain.seeds import Draw
from lambdas.events.notification import completed, failed
from lambdas.events.painting_message import Asked
from lambdas.events.painting_samples import NotDrawn, Samples
from lambdas.events.queue_batch import queue_handler
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.ports import CallRejected, ObjectMissing
from lambdas.records.generations import find_generation

if TYPE_CHECKING:
    from lambdas.ports import Clock, HostedImages, ObjectStore, Postponement, Queue, Table

_MAX_REQUEST_BYTES = 1024 * 1024
_JSON = "application/json"


@dataclass(frozen=True)
class PaintingPorts:
    """`work` holds requests and answers; `again` is the queue that this function consumes."""

    table: Table
    clock: Clock
    work: ObjectStore
    model: HostedImages
    results: Queue
    again: Queue
    postponement: Postponement | None = None
    draw: Draw = secrets.randbelow


def build_handler(ports: PaintingPorts) -> Handler:
    """The handler over these ports."""
    painter = Painter(ports)

    def take(message: dict[str, Any]) -> None:
        painter.take(Asked.read(message))

    return queue_handler("painting", take, ports.postponement)


class Painter:
    """Takes one request at a time."""

    def __init__(self, ports: PaintingPorts) -> None:
        self._ports = ports
        self._samples = Samples(ports.work, ports.model)

    def take(self, asked: Asked) -> None:
        """Have it drawn; raises Unavailable if something of our own does not answer."""
        ports = self._ports
        generation = self._waiting(asked)
        if generation is None:
            self._samples.forget(asked)
        elif ports.work.exists(painted_key(asked.generation_id)):
            self._tell_completed(asked)  # painted before, and perhaps never told
        elif ports.clock.now() > generation.deadline:
            self._fail(asked, PaintingFailure.EXPIRED)
        elif (request := self._request(asked)) is not None:
            self._try(asked, request)

    def _try(self, asked: Asked, request: GenerationRequest) -> None:
        self._report_running(asked)
        begun = time.perf_counter()
        try:
            artifacts = tuple(
                self._samples.draw(asked, request, index) for index in range(len(request.seeds))
            )
        except NotDrawn as vain:
            self._try_later(asked, vain.failure)
        except CallRejected as error:
            telemetry.log_failure("call_rejected", error, generation_id=asked.generation_id)
            self._fail(asked, PaintingFailure.CALL_REJECTED)
        else:
            self._answer(asked, request, artifacts, time.perf_counter() - begun)

    def _waiting(self, asked: Asked) -> Generation | None:
        found = find_generation(self._ports.table, asked.owner, asked.generation_id)
        if found is None or found.deleting or found.state not in WAITING_GENERATION_STATES:
            return None
        return found

    def _request(self, asked: Asked) -> GenerationRequest | None:
        try:
            text = self._ports.work.read(asked.request.key, max_bytes=_MAX_REQUEST_BYTES)
        except ObjectMissing:
            telemetry.logger.info("withdrawn", extra={"generation_id": asked.generation_id})
            self._samples.forget(asked)
            return None
        return GenerationRequest.from_json(text)

    def _report_running(self, asked: Asked) -> None:
        """A sign of life; a generation does not fail for want of it."""
        key = f"{generation_prefix(asked.owner, asked.generation_id)}{PROGRESS_FILE}"
        document = GenerationProgress(self._ports.clock.now()).to_json()
        try:
            self._ports.work.write(key, document.encode(), content_type=_JSON)
        except Unavailable as error:
            telemetry.log_failure("progress_not_written", error, generation_id=asked.generation_id)

    def _try_later(self, asked: Asked, failure: PaintingFailure) -> None:
        following = asked.again(self._ports.clock.now(), self._ports.draw)
        if following is None:
            self._fail(asked, failure)
            return
        again, pause = following
        telemetry.count("PaintingPostponed")
        self._ports.again.send(again.message(), delay_seconds=pause)

    def _answer(
        self,
        asked: Asked,
        request: GenerationRequest,
        artifacts: tuple[Artifact, ...],
        seconds: float,
    ) -> None:
        if self._waiting(asked) is None:
            telemetry.logger.info("too_late", extra={"generation_id": asked.generation_id})
            self._samples.forget(asked)
            return
        response = GenerationResponse(
            generation_id=asked.generation_id,
            base_model=request.base_model,
            adapter=None,
            artifacts=artifacts,
            timings=Timings(adapter_load_s=0.0, denoise_s=seconds, total_s=seconds),
        )
        key = painted_key(asked.generation_id)
        self._ports.work.write(key, response.to_json().encode(), content_type=_JSON)
        telemetry.logger.info("painted", extra={"generation_id": asked.generation_id})
        self._tell_completed(asked)

    def _tell_completed(self, asked: Asked) -> None:
        work = self._ports.work.bucket
        output = str(S3Location(work, painted_key(asked.generation_id)))
        self._ports.results.send(completed(asked.owner, asked.generation_id, work, output))
        self._samples.forget(asked)

    def _fail(self, asked: Asked, failure: PaintingFailure) -> None:
        ids = (asked.owner, asked.generation_id, self._ports.work.bucket)
        self._ports.results.send(failed(*ids, failure.reason))
        self._samples.forget(asked)


def _wired() -> Handler:
    hosted = environment.current().settings().generation.hosted
    if hosted is None:
        raise environment.MisconfiguredError("no hosted model is chosen: nothing is painted here")
    return build_handler(
        PaintingPorts(
            table=wiring.table(),
            clock=wiring.clock(),
            work=wiring.bucket("WORK_BUCKET"),
            model=wiring.hosted_images(hosted.region),
            results=wiring.queue("RESULTS_QUEUE_URL"),
            again=wiring.queue("PAINTING_QUEUE_URL"),
            postponement=wiring.postponement(),
        )
    )


handler = lambda_handler(_wired)
