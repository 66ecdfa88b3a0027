"""The frame around whatever a queue delivers: one message at a time, failures come back alone.

Messages are JSON. One that fails is reported by its id (partial batch response), delivered again
after the visibility time-out, and ends in the dead-letter queue after the last of its receives.

That time-out is many times the function's own. A message that only met a service which did not
answer comes back sooner: after 10 seconds, then four times as long each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)

from lambdas import telemetry
from lambdas.domain.errors import Unavailable
from lambdas.lambda_handler import Handler

if TYPE_CHECKING:
    from lambdas.ports import Postponement


_FIRST_PAUSE_SECONDS, _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS = 10, 4, 900


def queue_handler(
    event_name: str,
    work: Callable[[dict[str, Any]], None],
    postponement: Postponement | None = None,
) -> Handler:
    """A handler that gives each message to `work`; `event_name` names failures in the log."""

    def handle_record(record: Any) -> None:
        try:
            work(json.loads(record.body))
        except Unavailable as error:
            # Expected to pass by itself: a line to count, not an error to wake anyone.
            telemetry.logger.warning(
                f"{event_name}_postponed",
                extra={"service": error.service, "message_id": record.message_id},
            )
            if postponement is not None:
                _postpone(postponement, record)
            raise
        except Exception as error:
            telemetry.log_failure(f"{event_name}_failed", error, message_id=record.message_id)
            raise

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def handle(event: dict[str, Any], context: Any) -> Any:
        try:
            return process_partial_response(
                event=event, record_handler=handle_record, processor=processor, context=context
            )
        finally:
            telemetry.flush()

    return handle


def _postpone(postponement: Postponement, record: Any) -> None:
    """Best effort: if it fails, the message comes back after the queue's own time-out."""
    received = int(record.attributes.approximate_receive_count)
    pause = _FIRST_PAUSE_SECONDS * _PAUSE_GROWTH ** (received - 1)
    seconds = min(pause, _LONGEST_PAUSE_SECONDS)
    try:
        postponement.postpone(record.event_source_arn, record.receipt_handle, seconds=seconds)
    except Exception as error:  # noqa: BLE001 - the message is safe either way
        telemetry.log_failure("not_postponed", error, message_id=record.message_id)
