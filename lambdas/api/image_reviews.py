"""`/generations/{id}/images/{id}/report` and `…/appeal`: a user asks for a moderator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.api.messages import Answer, Request, accepted
from lambdas.api.review_bodies import AppealImage, ReportImage
from lambdas.api.text_check import demand_allowed
from lambdas.domain.ids import Prefix
from lambdas.domain.text_screening import ClientText, Purpose
from lambdas.records.generations import read_generation
from lambdas.records.review_openings import appeal_image, report_image

if TYPE_CHECKING:
    from typing import Any

    from lambdas.api.generations import GenerationPorts
    from lambdas.api.http import Api
    from lambdas.domain.generation import Generation

_IMAGE = "/generations/{generation_id}/images/{image_id}"


def add_image_review_routes(api: Api, ports: GenerationPorts) -> None:
    """The routes over these ports."""

    def generation_of(request: Request[Any]) -> Generation:
        generation_id = request.id("generation_id", Prefix.GENERATION)
        return read_generation(ports.table, request.owner, generation_id)

    def demand_readable(note: str | None) -> None:
        # A report may well name what must not be drawn.
        demand_allowed(ports.screening, [ClientText(note or "", Purpose.STATEMENT)])

    @api.post(f"{_IMAGE}/report", body=ReportImage, status=202)
    def report_one_image(request: Request[ReportImage]) -> Answer:
        """Report an image that you can see: a moderator will look at it."""
        image_id = request.id("image_id", Prefix.IMAGE)
        generation = generation_of(request)
        demand_readable(request.body.note)
        opened = report_image(
            ports.table,
            generation,
            image_id,
            request.body.reason,
            request.body.note,
            ports.clock.now(),
            ports.settings.retention_days.images,
        )
        if opened:
            telemetry.count("ImagesReported")
            telemetry.logger.info(
                "image_reported", extra={"image_id": image_id, "reason": request.body.reason}
            )
        return accepted(None)

    @api.post(f"{_IMAGE}/appeal", body=AppealImage, status=202)
    def appeal_one_image(request: Request[AppealImage]) -> Answer:
        """Ask a moderator for an image that was withheld; each image may be appealed once."""
        image_id = request.id("image_id", Prefix.IMAGE)
        generation = generation_of(request)
        demand_readable(request.body.note)
        appeal_image(ports.table, generation, image_id, request.body.note, ports.clock.now())
        telemetry.count("Appeals")
        telemetry.logger.info("image_appealed", extra={"image_id": image_id})
        return accepted(None)
