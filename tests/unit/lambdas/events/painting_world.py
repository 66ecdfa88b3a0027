"""A generation that waits for a hosted model, and the two queues that its messages go through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contract.generation import REQUEST_FILE
from contract.s3_location import S3Location
from lambdas.adapters.painting_queue import PaintingQueue
from lambdas.domain.generation import Generation
from lambdas.domain.generation_request import request_document
from lambdas.domain.hosted_models import HOSTED_MODELS
from lambdas.events.painting import PaintingPorts, build_handler
from lambdas.records.generations import note_invocation, read_generation
from tests.unit.lambdas.endpoint_answers import png
from tests.unit.lambdas.events.result_world import ResultWorld
from tests.unit.lambdas.fakes import FakeHostedImages, FakeQueue
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.sqs import Handler, deliver

CORE = HOSTED_MODELS["stable-image-core"]
BLUE = (30, 40, 200)


@dataclass
class PaintingWorld(ResultWorld):
    """A World with a hosted model; `asked` is the queue of painting."""

    model: FakeHostedImages = field(
        default_factory=lambda: FakeHostedImages(picture=png(BLUE, (1024, 1024)))
    )
    asked: FakeQueue = field(default_factory=FakeQueue)

    def ask(self, samples: int = 2, **plan: Any) -> Generation:
        """As POST /generations does it."""
        plan |= {"base_model": CORE.id, "width": 1024, "height": 1024}
        made = self.begin(samples, invoked=False, **plan)
        key = f"generations/{OWNER}/{made.id}/{REQUEST_FILE}"
        document = request_document(made, None, base_model=CORE.id, work_bucket="work")
        self.work.write(key, document.to_json().encode(), content_type="application/json")
        uri = str(S3Location("work", key))
        backend = PaintingQueue(self.asked)
        note_invocation(
            self.table, made, backend.invoke(made.id, request_uri=uri, request_ttl_seconds=60)
        )
        return read_generation(self.table, OWNER, made.id)

    @property
    def painter(self) -> Handler:
        return build_handler(
            PaintingPorts(
                table=self.table,
                clock=self.clock,
                work=self.work,
                model=self.model,
                results=self.results,
                again=self.asked,
                postponement=self.postponement,
                draw=lambda _: 0,
            )
        )

    def paint(self) -> list[int]:
        """Deliver what stands in the queue of painting; the positions of what comes again."""
        messages = list(self.asked.messages)
        self.asked.messages.clear()
        return deliver(self.painter, *messages)

    def screen(self) -> list[int]:
        """Deliver what was told to the queue of results."""
        messages = list(self.results.messages)
        self.results.messages.clear()
        return self.tell(*messages)

    def samples_kept(self) -> list[str]:
        return [key for key in self.work.objects_by_key if "sample-" in key]
