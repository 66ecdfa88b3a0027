"""The `GenerationBackend` port on a queue: a function paints what stands in it (`events.painting`).

InvokeModel answers when the image is there, and a caller of the API does not wait for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.s3_location import S3Location
from lambdas.domain.locations import painted_key
from lambdas.ports import EndpointStatus, Invocation

if TYPE_CHECKING:
    from lambdas.ports import Queue


class PaintingQueue:
    """A backend that never sleeps."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def invoke(
        self, generation_id: str, *, request_uri: str, request_ttl_seconds: int
    ) -> Invocation:
        """See `GenerationBackend.invoke`; the deadline stands in the generation's record."""
        del request_ttl_seconds
        self._queue.send({"request_uri": request_uri})
        work = S3Location.parse(request_uri).bucket
        return Invocation(str(S3Location(work, painted_key(generation_id))), None)

    def status(self) -> EndpointStatus:
        """See `GenerationBackend.status`: Bedrock is there, nothing has to wake up."""
        return EndpointStatus("InService", 1)
