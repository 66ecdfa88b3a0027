"""`Idempotency-Key`: a POST that is repeated has happened once (Powertools Idempotency).

    first call                     does the work; the answer is kept for a day
    the same again                 the first answer, with `Idempotency-Replayed: true`
    the same key, another request  409 idempotency_key_reused
    while the first one works      409 idempotency_in_progress, Retry-After

Kept are successes and refusals that would come again (`DomainError.final`). Whatever depends on the
state of things, and all failures, are forgotten, so that the same key can be tried again.

A key belongs to one owner and one route. Its record is noted in the owner's partition before it is
written, with the ids of what the answer tells of, so that erasing any of them finds it. An answer
that tells of somebody else's things is not kept: its route says what is (`Answer.kept`), which
names nothing, and makes the answer again from that.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lambdas import telemetry
from lambdas.api.messages import Answer
from lambdas.api.problems import TransportError
from lambdas.domain.errors import Unavailable
from lambdas.domain.ids import ids_in
from lambdas.domain.moments import to_epoch
from lambdas.records import keys
from lambdas.table import ConditionFailed, Update

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.base import IdempotencyHandler
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

    from lambdas.ports import Clock, Table

KEPT_SECONDS = 24 * 3600
_MAX_KEY_CHARACTERS = 255
_REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True)
class Once:
    """What makes two requests the same: owner, route and key; `request` is what must not differ."""

    owner: str
    route: str
    key: str
    request: Mapping[str, Any]


class NotKept(Exception):  # noqa: N818 - carries an answer past Powertools
    """An answer that must not be kept."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


class Idempotency:
    """Runs work once per key; `persistence` is made only when a key is first seen."""

    def __init__(
        self, persistence: Callable[[], BasePersistenceLayer], table: Table, clock: Clock
    ) -> None:
        self._persistence = persistence
        self._table = table
        self._clock = clock

    def run(
        self,
        once: Once,
        work: Callable[[], Answer],
        context: object,
        again: Callable[[Mapping[str, Any]], Answer] | None = None,
    ) -> Answer:
        """`work()`, or the answer that it gave before; it raises NotKept for what is not kept.

        `again` makes that answer of `Answer.kept`, where only that is kept.
        """
        from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig
        from aws_lambda_powertools.utilities.idempotency import exceptions as failures
        from aws_lambda_powertools.utilities.idempotency.base import IdempotencyHandler

        fresh: list[Answer] = []

        def kept_work() -> dict[str, Any]:
            answer = work()
            fresh.append(answer)
            return asdict(answer) if answer.kept is None else {"kept": dict(answer.kept)}

        if not 1 <= len(once.key) <= _MAX_KEY_CHARACTERS or not once.key.isprintable():
            raise TransportError(
                400, "bad_idempotency_key", "An Idempotency-Key has 1 to 255 printable characters."
            )
        scope = f"{once.owner}#{once.route}"
        handler = IdempotencyHandler(
            function=kept_work,
            function_payload={"key": once.key, "request": once.request},
            config=IdempotencyConfig(
                event_key_jmespath="key",
                payload_validation_jmespath="request",
                expires_after_seconds=KEPT_SECONDS,
                hash_function="sha256",
                lambda_context=context,  # type: ignore[arg-type]
            ),
            persistence_store=self._persistence(),
            key_prefix=scope,
            function_args=(),
            function_kwargs={},
        )
        self._note(once.owner, record_id(scope, once.key))
        try:
            kept = handler.handle()
        except NotKept as passed:
            return passed.answer
        except failures.IdempotencyValidationError:
            raise TransportError(
                409,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request.",
            ) from None
        except failures.IdempotencyAlreadyInProgressError:
            raise TransportError(
                409,
                "idempotency_in_progress",
                "The first request with this Idempotency-Key is still being worked on.",
                retry_after=2,
            ) from None
        except (
            failures.IdempotencyPersistenceLayerError,
            failures.IdempotencyInconsistentStateError,
        ) as error:
            if fresh:
                # Done, only not kept. A no would make the caller do it twice.
                return fresh[0]
            raise Unavailable("records") from error
        if fresh:
            if not self._tag(once, record_id(scope, once.key), fresh[0]):
                self._forget(handler, fresh[0])
            return fresh[0]
        if again is not None and "status" not in kept:
            answer = again(kept["kept"])
        else:
            answer = Answer(kept["status"], kept["body"], kept["headers"])
        return replace(answer, headers={**answer.headers, _REPLAYED: "true"})

    def _note(self, owner: str, record: str) -> None:
        key = keys.idempotency_key(owner, record)
        expires = self._clock.now() + timedelta(seconds=2 * KEPT_SECONDS)
        # An update: a repetition must not wipe out what the first answer was noted to tell of.
        self._table.write(Update(key, set={"record": record, "ttl": to_epoch(expires)}, when=()))

    def _forget(self, handler: IdempotencyHandler, answer: Answer) -> None:
        """An erasure passed by while this was worked on, and no other would find its answer."""
        try:
            handler.persistence_store.delete_record(handler.data, NotKept(answer))
        except Exception as error:  # noqa: BLE001 - it is done, and expires within a day
            telemetry.log_failure("answer_not_forgotten", error)

    def _tag(self, once: Once, record: str, answer: Answer) -> bool:
        """Note which things the kept answer tells of: it has to go when one of them goes.

        False if the note is gone, and with it the way to the answer.
        """
        told = [answer.body, answer.headers, once.request] if answer.kept is None else answer.kept
        about = sorted(set(ids_in(json.dumps(told))))
        key = keys.idempotency_key(once.owner, record)
        # Without the note the answer counts as being about everything; nothing else depends on it.
        with contextlib.suppress(Unavailable):
            try:
                self._table.write(Update(key, set={"about": about}))
            except ConditionFailed:
                return False
        return True


def record_id(scope: str, key: str) -> str:
    """The id under which Powertools keeps the record: its prefix, then the hash of the key."""
    return f"{scope}#{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()}"
