"""The frame around whatever a queue delivers: one message at a time, failures come back alone.

Messages are JSON. One that fails is reported by its id (partial batch response), delivered again
after the visibility time-out, and ends in the dead-letter queue after the last of its receives.

That time-out is many times the function's own. A message that only met a service which did not
answer comes back sooner: after 10 seconds, then four times as long each time.

Powertools has the same, and where pydantic is at hand it imports models of every event that there
is: a twelfth of intake's start.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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

    def is_handled(record: dict[str, Any]) -> bool:
        message = {"message_id": record["messageId"]}
        try:
            work(json.loads(record["body"]))
        except Unavailable as error:
            # Expected to pass by itself: a line to count, not an error to wake anyone.
            telemetry.logger.warning(
                f"{event_name}_postponed",
                extra={"service": error.service, **message},
            )
            if postponement is not None:
                _postpone(postponement, record)
            return False
        except Exception as error:  # noqa: BLE001 - the other messages still want their turn
            telemetry.log_failure(f"{event_name}_failed", error, **message)
            return False
        return True

    def handle(event: dict[str, Any], _: Any) -> dict[str, Any]:
        try:
            failed = [each["messageId"] for each in event["Records"] if not is_handled(each)]
        finally:
            telemetry.flush()
        # Lambda developer guide, "Reporting batch item failures".
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    return handle


def _postpone(postponement: Postponement, record: dict[str, Any]) -> None:
    """Best effort: if it fails, the message comes back after the queue's own time-out."""
    received = int(record["attributes"]["ApproximateReceiveCount"])
    pause = _FIRST_PAUSE_SECONDS * _PAUSE_GROWTH ** (received - 1)
    seconds = min(pause, _LONGEST_PAUSE_SECONDS)
    try:
        postponement.postpone(record["eventSourceARN"], record["receiptHandle"], seconds=seconds)
    except Exception as error:  # noqa: BLE001 - the message is safe either way
        telemetry.log_failure("not_postponed", error, message_id=record["messageId"])
