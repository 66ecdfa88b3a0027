"""`POST /verify`: whether an image came from this deployment, and when.

A file that was sent is hostile until shown otherwise: it goes through the same decoding as photos,
and what reads its content credentials sees only the three types that this accepts. An upload went
through that when it was taken in, and lost its metadata there: of that only the watermark is left,
and `read` says so.

Who asks need not be whose image it is: under an Idempotency-Key the numbers of the marks are kept,
which lead to a generation only while it is there, and never the generation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from lambdas import environment, telemetry, wiring
from lambdas.api.http import Api
from lambdas.api.messages import Answer, Body, Request, ok
from lambdas.domain import moments
from lambdas.domain.marks import Evidence, Origin
from lambdas.domain.quota import Metered
from lambdas.lambda_handler import lambda_handler
from lambdas.records.marks import find_mark
from lambdas.records.quotas import Spending
from lambdas.table import ConditionFailed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

    from lambdas.api.messages import Caller
    from lambdas.domain.marks import Mark
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import (
        Clock,
        CredentialsReading,
        ObjectStore,
        Table,
        Trace,
        WatermarkReading,
    )

MODERATORS = "moderators"
MAX_IMAGE_BYTES = 4 * 1024 * 1024
# Four bytes for three, and the document around them; Lambda takes 6 MB.
_MAX_BASE64 = -(-MAX_IMAGE_BYTES // 3) * 4
_MAX_BODY_BYTES = _MAX_BASE64 + 4096


class VerifyImage(Body):
    """The image, as it was found, not edited first: the file itself, or the id of an upload."""

    image: str | None = Field(
        default=None,
        min_length=1,
        max_length=_MAX_BASE64,
        description="JPEG, PNG or WebP, base64; at most 4 MB before the encoding.",
        json_schema_extra={"contentEncoding": "base64"},
    )
    upload_id: str | None = Field(
        default=None,
        max_length=64,
        description="Instead: an accepted upload of yours. It is kept without its metadata, so "
        "content credentials cannot be read from it; send a file of up to 4 MB as `image`.",
    )


@dataclass(frozen=True)
class VerifyPorts:
    """What this route needs."""

    settings: DomainSettings
    table: Table
    clock: Clock
    persistence: Callable[[], BasePersistenceLayer]
    work: ObjectStore
    watermark: WatermarkReading
    credentials: CredentialsReading


def build_app(ports: VerifyPorts) -> Api:
    """The route over these ports."""
    api = Api(table=ports.table, clock=ports.clock, persistence=ports.persistence)

    def verified_before(request: Request[Any], kept: Mapping[str, Any]) -> Answer:
        return ok(_told(kept, ports.table, request.caller))

    @api.post(
        "/verify",
        body=VerifyImage,
        status=200,
        max_body_bytes=_MAX_BODY_BYTES,
        again=verified_before,
    )
    def verify_image(request: Request[VerifyImage]) -> Answer:
        """Ask whether an image came from here.

        Send `image` or `upload_id`. `read` says which marks could be looked for: both in a file,
        the watermark alone in an upload, which is kept without its metadata.
        `from_here` is `yes` if its watermark or its content credentials say so (`by`), `uncertain`
        if traces of either are there and too damaged, `no` otherwise: which means that no mark was
        found, and not that the image is no avatar. `when` is known unless the generation has been
        deleted; whose it was is told to its owner and to moderators only.
        """
        # Imported with the first picture: decoders are much of a function's start.
        from lambdas.api.asked_picture import asked_picture

        asked = asked_picture(request, ports)
        _count(request.owner, ports)
        traces = {Evidence.WATERMARK: ports.watermark.find(asked.picture)}
        if asked.file is not None:
            traces[Evidence.CONTENT_CREDENTIALS] = ports.credentials.find(asked.file)
        found = _judged(traces)
        telemetry.logger.info("image_verified", extra={"from_here": found["from_here"]})
        return replace(ok(_told(found, ports.table, request.caller)), kept=found)

    return api


def _count(owner: str, ports: VerifyPorts) -> None:
    """Raises LimitReached if the caller's day is used up."""
    quotas = ports.settings.limits.per_day
    spending = Spending(owner, {Metered.VERIFICATIONS: 1}, quotas, ports.clock.now())
    try:
        ports.table.write(spending.write)
    except ConditionFailed as failed:
        raise spending.refusal(ports.table) or failed from failed


def _judged(traces: dict[Evidence, Trace]) -> dict[str, Any]:
    """What was found in the image, as it is kept for a repeated request."""
    sure = [evidence for evidence, trace in traces.items() if trace.ours]
    hints = [evidence for evidence, trace in traces.items() if trace.hints]
    origin = Origin.YES if sure else Origin.UNCERTAIN if hints else Origin.NO
    said = [trace.made_at for trace in traces.values() if trace.made_at is not None]
    return {
        "from_here": origin.value,
        "by": sorted(each.value for each in sure or hints),
        "read": sorted(each.value for each in traces),
        "numbers": [trace.number for trace in traces.values() if trace.number is not None],
        "said": moments.to_text(said[0]) if said else None,
    }


def _told(found: Mapping[str, Any], table: Table, caller: Caller) -> dict[str, Any]:
    """What the caller may know of it by now."""
    marks = [mark for number in found["numbers"] if (mark := find_mark(table, int(number)))]
    mark = marks[0] if marks else None
    return {
        "from_here": found["from_here"],
        "by": found["by"],
        "read": found["read"],
        "when": moments.to_text(mark.made_at) if mark else found["said"],
        "generation_id": mark.generation_id if mark and _may_know(caller, mark) else None,
    }


def _may_know(caller: Caller, mark: Mark) -> bool:
    return caller.owner == mark.owner or MODERATORS in caller.groups


def _wired() -> Api:
    return build_app(
        VerifyPorts(
            settings=environment.current().settings(),
            table=wiring.table(),
            clock=wiring.clock(),
            persistence=wiring.persistence,
            work=wiring.bucket("WORK_BUCKET"),
            watermark=wiring.watermarking(),
            credentials=wiring.credentials_reading(),
        )
    )


handler = lambda_handler(_wired)
