"""Generations that the endpoint never got, finished without our hearing of it, or let expire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from contract.s3_location import S3Location
from lambdas import telemetry
from lambdas.domain.generation import (
    WAITING_GENERATION_STATES,
    Generation,
    GenerationState,
)
from lambdas.domain.generation_failure import GenerationFailureCode, failure_of
from lambdas.domain.generation_request import PROGRESS_FILE
from lambdas.domain.locations import generation_prefix
from lambdas.domain.retention import generation_expires_at
from lambdas.events.notification import completed, failed
from lambdas.events.reconciling.visiting import visit
from lambdas.records.generations import (
    ENTITY,
    advance_generation,
    end_generation,
    generation_from,
)
from lambdas.records.watching import in_state_since

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.settings import RetentionDays
    from lambdas.ports import Clock, ObjectStore, Queue, Table

# A notification takes seconds.
_NEWS_TAKE = timedelta(minutes=1)
# Between saving and asking the endpoint lie two calls of one function.
_ASKING_TAKES = timedelta(minutes=15)
# The queue delivers a failed screening again five times at most, minutes apart.
_SCREENING_TAKES = timedelta(minutes=20)
# The longest that an invocation may take (InvokeEndpointAsync), and its notification.
_INVOCATION_TAKES = timedelta(minutes=70)
# SageMaker tells of an expired request itself; so long we wait for that.
_EXPIRY_TAKES = timedelta(minutes=10)


@dataclass(frozen=True)
class GenerationReconciler:
    """Looks after generations; `retention` as for every generation that ends."""

    table: Table
    clock: Clock
    work: ObjectStore
    results: Queue
    retention: RetentionDays

    def run(self) -> None:
        """Look after all of them."""
        now = self.clock.now()
        since = dict.fromkeys(sorted(WAITING_GENERATION_STATES), now - _NEWS_TAKE)
        since[GenerationState.SCREENING] = now - _SCREENING_TAKES
        found = (in_state_since(self.table, ENTITY, *state) for state in since.items())
        visit(chain.from_iterable(found), lambda item: self._look(generation_from(item), now))

    def _look(self, generation: Generation, now: datetime) -> None:
        if generation.state is not GenerationState.SCREENING:
            self._waiting(generation, now)
        elif not self._tell_again(generation):
            self._end(generation, GenerationState.FAILED, GenerationFailureCode.RESULT_LOST)

    def _waiting(self, generation: Generation, now: datetime) -> None:
        if not generation.was_invoked:
            if now - generation.created_at > _ASKING_TAKES:
                code = GenerationFailureCode.INTERNAL_ERROR
                self._end(generation, GenerationState.FAILED, code)
        elif self._tell_again(generation):
            return
        elif generation.state is GenerationState.RUNNING:
            if now - generation.updated_at > _INVOCATION_TAKES:
                self._end(generation, GenerationState.FAILED, GenerationFailureCode.TIMED_OUT)
        elif now > generation.deadline + _EXPIRY_TAKES:
            prefix = generation_prefix(generation.owner, generation.id)
            if self.work.exists(f"{prefix}{PROGRESS_FILE}"):
                advance_generation(self.table, generation, GenerationState.RUNNING, now)
            else:
                self._end(generation, GenerationState.EXPIRED, GenerationFailureCode.EXPIRED)

    def _tell_again(self, generation: Generation) -> bool:
        """Have the answer handled that lies there; False if there is none."""
        output, failure = generation.output_uri, generation.failure_uri
        ids = (generation.owner, generation.id, self.work.bucket)
        if output is not None and self.work.exists(S3Location.parse(output).key):
            self.results.send(completed(*ids, output))
        elif failure is not None and self.work.exists(S3Location.parse(failure).key):
            self.results.send(failed(*ids))
        else:
            return False
        telemetry.logger.warning("result_event_lost", extra={"generation_id": generation.id})
        return True

    def _end(
        self, generation: Generation, target: GenerationState, code: GenerationFailureCode
    ) -> None:
        now = self.clock.now()
        ended = end_generation(
            self.table,
            generation.owner,
            generation.id,
            target,
            now,
            failure=failure_of(code),
            expires_at=generation_expires_at(self.retention, target, now),
        )
        if ended:
            telemetry.count("GenerationsFailed")
            telemetry.logger.warning(
                "generation_lost", extra={"generation_id": generation.id, "code": code}
            )
