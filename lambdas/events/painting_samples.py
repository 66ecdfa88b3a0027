"""One sample of a hosted model: its call, its answer, and the picture as it was promised.

What a call drew is put beside the request until all samples are there, so that nothing is paid for
twice when one of them has to be tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.generation import MAX_SAMPLES
from contract.generation_result import Artifact, FinishReason
from lambdas import telemetry
from lambdas.domain.errors import Unavailable
from lambdas.domain.fitting import fitted
from lambdas.domain.generation_failure import PaintingFailure
from lambdas.domain.hosted_calls import call_of, read_sample
from lambdas.domain.hosted_models import HOSTED_MODELS
from lambdas.domain.locations import sample_key
from lambdas.domain.rendered_image import NotAnImage
from lambdas.ports import ModelOutOfReach, ObjectMissing

if TYPE_CHECKING:
    from contract.generation import GenerationRequest
    from lambdas.events.painting_message import Asked
    from lambdas.ports import HostedImages, ObjectStore

# InvokeModel, response: "body", at most 25,000,000 bytes.
_MAX_ANSWER_BYTES = 25_000_000


class NotDrawn(Exception):  # noqa: N818 - a fact
    """A sample that can be drawn later, and why it was not now."""

    def __init__(self, failure: PaintingFailure) -> None:
        super().__init__(failure.name)
        self.failure = failure


class Samples:
    """Draws samples, and keeps what is there."""

    def __init__(self, work: ObjectStore, model: HostedImages) -> None:
        self._work = work
        self._model = model

    def draw(self, asked: Asked, request: GenerationRequest, index: int) -> Artifact:
        """One picture. Raises NotDrawn, CallRejected; Unavailable for trouble of our own."""
        seed = request.seeds[index]
        sample = read_sample(self._answer(asked, request, index))
        if sample.finish_reason is FinishReason.SUCCESS:
            if sample.seed != seed:
                ids = {"generation_id": asked.generation_id}
                telemetry.logger.warning("seed_differs", extra=ids)
            try:
                image = fitted(sample.image, request.width, request.height)
                return Artifact(index, seed, FinishReason.SUCCESS, image)
            except NotAnImage:
                telemetry.count("SamplesFailed")
                return Artifact(index, seed, FinishReason.ERROR, b"")
        filtered = sample.finish_reason is FinishReason.CONTENT_FILTERED
        telemetry.count("SamplesFiltered" if filtered else "SamplesFailed")
        return Artifact(index, seed, sample.finish_reason, b"")

    def _answer(self, asked: Asked, request: GenerationRequest, index: int) -> bytes:
        """The model's answer: the one that was kept, or a new one."""
        key = sample_key(asked.owner, asked.generation_id, index)
        try:
            return self._work.read(key, max_bytes=_MAX_ANSWER_BYTES)
        except ObjectMissing:
            pass
        model, size = HOSTED_MODELS[request.base_model], (request.width, request.height)
        call = call_of(model, request.prompts, request.style, size, request.seeds[index])
        try:
            answer = self._model.draw(model.model_id, call)
        except Unavailable as error:
            raise NotDrawn(PaintingFailure.OVERLOADED) from error
        except ModelOutOfReach as error:
            telemetry.log_failure("model_out_of_reach", error, generation_id=asked.generation_id)
            telemetry.count("ModelOutOfReach")
            raise NotDrawn(PaintingFailure.OUT_OF_REACH) from error
        if len(request.seeds) > 1:
            self._work.write(key, answer, content_type="application/json")
        return answer

    def forget(self, asked: Asked) -> None:
        """Remove what was kept."""
        ids = (asked.owner, asked.generation_id)
        self._work.delete([sample_key(*ids, index) for index in range(MAX_SAMPLES)])
