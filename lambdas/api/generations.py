"""Generations: POST and GET /generations, GET and DELETE /generations/{id}, POST …/cancel.

The same function takes reports and appeals of their images.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas import environment, telemetry, wiring
from lambdas.api.client_shapes import SHAPES, in_shape
from lambdas.api.generation_start import GenerationStart
from lambdas.api.generation_views import summary, view
from lambdas.api.generation_waiting import waiting_of
from lambdas.api.http import MAX_BODY_BYTES, Api, page_of
from lambdas.api.image_reviews import add_image_review_routes
from lambdas.api.messages import Answer, Body, Request, accepted, ok
from lambdas.api.subject_ports import send_erasure
from lambdas.domain.errors import Conflict, Unavailable
from lambdas.domain.generation import SHOWING_GENERATION_STATES, Artifact, GenerationState
from lambdas.domain.generation_body import GenerationBody
from lambdas.domain.generation_request import PROGRESS_FILE
from lambdas.domain.ids import Prefix
from lambdas.domain.locations import avatar_key, generation_prefix
from lambdas.domain.picture_reference import MAX_INLINE_CHARACTERS
from lambdas.domain.retention import generation_expires_at
from lambdas.domain.seeds import Draw
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records.generations import (
    advance_generation,
    begin_generation_erasure,
    end_generation,
    generation_from,
    list_generations,
    read_generation,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

    from lambdas.api.source_pictures import Examining
    from lambdas.domain.generation import Generation
    from lambdas.domain.settings import DomainSettings
    from lambdas.domain.text_screening import TextScreening
    from lambdas.ports import (
        Clock,
        GenerationBackend,
        ObjectStore,
        Queue,
        Table,
    )


# Pictures inside, and the words round them; Lambda takes 6 MB.
_MAX_BODY_BYTES = MAX_INLINE_CHARACTERS + MAX_BODY_BYTES


class CreateGeneration(GenerationBody, Body):
    """What to draw: some words must be given, everything else has a default."""


@dataclass(frozen=True)
class GenerationPorts:
    """What these routes need; `models_bucket` is a name only.

    `endpoints_of` names the endpoints that serve a base model, by its id; `endpoint_of` gives the
    one of that name. `examining` makes what looks at files inside a request, when there is one.
    `painting`: who has hosted models draw, where the environment chose one.
    """

    settings: DomainSettings
    table: Table
    clock: Clock
    persistence: Callable[[], BasePersistenceLayer]
    screening: TextScreening
    endpoints_of: Callable[[str], tuple[str, ...]]
    endpoint_of: Callable[[str], GenerationBackend]
    work: ObjectStore
    avatars: ObjectStore
    models_bucket: str
    erasures: Queue
    examining: Examining
    draw: Draw = secrets.randbelow
    painting: GenerationBackend | None = None

    def backend_of(self, generation: Generation) -> GenerationBackend:
        """Who draws it; raises Unavailable if its model or endpoint is no longer there."""
        if self.painting is not None and generation.plan.hosted_model is not None:
            return self.painting
        base = self.settings.find_base(generation.plan.base_model)
        if base is None:
            raise Unavailable("endpoint")
        names = self.endpoints_of(base.id)
        name = generation.endpoint or names[0]
        if name not in names:
            raise Unavailable("endpoint")
        return self.endpoint_of(name)


def build_app(ports: GenerationPorts) -> Api:
    """The routes over these ports."""
    table, clock = ports.table, ports.clock
    api = Api(table=table, clock=clock, persistence=ports.persistence)
    start = GenerationStart(ports)

    def shown(request: Request[None]) -> Generation:
        generation_id = request.id("generation_id", Prefix.GENERATION)
        return read_generation(table, request.owner, generation_id)

    def view_of(generation: Generation) -> Answer:
        def link(artifact: Artifact) -> str:
            key = avatar_key(generation.owner, generation.id, artifact.id)
            lifetime = ports.settings.generation.link_ttl_seconds
            return ports.avatars.link(key, lifetime_seconds=lifetime)

        model = generation.plan.base_model or ports.settings.base_model.id
        waiting = waiting_of(generation, table, ports.backend_of, model, clock.now())
        return ok(view(generation, link, waiting))

    @api.post("/generations", body=CreateGeneration, status=202, max_body_bytes=_MAX_BODY_BYTES)
    def create_generation(request: Request[CreateGeneration]) -> Answer:
        """Ask for one to four images, from words alone or from a picture."""
        generation = start.run(request.owner, request.body)
        return accepted(f"/generations/{generation.id}", summary(generation))

    @api.get("/generations")
    def list_generations_of_caller(request: Request[None]) -> Answer:
        """List your generations, the newest first."""
        page = list_generations(
            table, request.owner, limit=request.page.limit, after=request.page.position
        )
        found = [generation_from(item) for item in page.items]
        items = [summary(generation) for generation in found if not generation.deleting]
        return page_of(request, "/generations", items, page.next)

    @api.get("/generations/{generation_id}")
    def read_one_generation(request: Request[None]) -> Answer:
        """Read a generation; released images have short-lived links."""
        generation = _as_it_stands(ports, shown(request))
        shape = SHAPES.get(request.headers.get("accept", ""))
        if shape is not None and generation.state in SHOWING_GENERATION_STATES:
            return in_shape(shape, generation, ports.avatars, ports.work)
        return view_of(generation)

    @api.post("/generations/{generation_id}/cancel", status=200)
    def cancel_generation(request: Request[None]) -> Answer:
        """Give a generation up; no image of it will be shown."""
        generation = shown(request)
        cancelled = GenerationState.CANCELLED
        now, retention = clock.now(), ports.settings.retention_days
        over = generation_expires_at(retention, cancelled, now)
        if end_generation(table, request.owner, generation.id, cancelled, now, expires_at=over):
            telemetry.logger.info("generation_cancelled", extra={"generation_id": generation.id})
        generation = shown(request)
        if generation.state is not cancelled:
            raise Conflict(
                f"The generation has ended already: {generation.state.value}.",
                code="generation_ended",
            )
        return view_of(generation)

    add_image_review_routes(api, ports)

    @api.delete("/generations/{generation_id}")
    def delete_generation(request: Request[None]) -> Answer:
        """Delete a generation and its images."""
        generation_id = request.id("generation_id", Prefix.GENERATION)
        erasure = begin_generation_erasure(table, request.owner, generation_id, clock.now())
        send_erasure(ports.erasures, erasure)
        return accepted(None)

    return api


def _as_it_stands(ports: GenerationPorts, generation: Generation) -> Generation:
    """Notice that the endpoint has begun, or has to wake up first; never fails for it."""
    if generation.state not in {GenerationState.QUEUED, GenerationState.WARMING}:
        return generation
    try:
        prefix = generation_prefix(generation.owner, generation.id)
        if ports.work.exists(f"{prefix}{PROGRESS_FILE}"):
            target = GenerationState.RUNNING
        elif generation.state is GenerationState.QUEUED and _sleeps(ports, generation):
            target = GenerationState.WARMING
        else:
            return generation
        advance_generation(ports.table, generation, target, ports.clock.now())
        return read_generation(ports.table, generation.owner, generation.id)
    except Unavailable:
        return generation


def _sleeps(ports: GenerationPorts, generation: Generation) -> bool:
    return not ports.backend_of(generation).status().instances


def _wired() -> Handler:
    return build_app(
        GenerationPorts(
            settings=environment.current().settings(),
            table=wiring.table(),
            clock=wiring.clock(),
            persistence=wiring.persistence,
            screening=wiring.text_screening(),
            endpoints_of=wiring.endpoints_of,
            endpoint_of=wiring.generation_backend,
            work=wiring.bucket("WORK_BUCKET"),
            avatars=wiring.bucket("AVATARS_BUCKET"),
            models_bucket=environment.current().need("MODELS_BUCKET"),
            erasures=wiring.queue("ERASURE_QUEUE_URL"),
            examining=wiring.source_examination,
            painting=wiring.painting_backend(),
        )
    )


handler = lambda_handler(_wired)
