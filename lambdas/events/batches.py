"""The frame around a queue's messages (Powertools Batch): each is handled alone, each fails alone.

A message that fails comes back after the queue's visibility time-out, and lands in the dead-letter
queue when it has come too often. A handler has nothing to undo: it can be repeated at any point.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from lambdas import telemetry
from lambdas.lambda_handler import Handler

Message = Mapping[str, Any]


class MalformedMessage(Exception):  # noqa: N818 - a fact about the message
    """A message that nothing of ours ever sent; it goes to the dead letters."""


def queue_handler(work: Callable[[Message], None]) -> Handler:
    """A handler that does `work` with the JSON object in each message's body."""

    def handle(record: SQSRecord) -> None:
        try:
            work(_document(record.body))
        except Exception as error:
            telemetry.log_failure("message_failed", error, message_id=record.message_id)
            raise

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        try:
            with processor(event["Records"], handle, lambda_context=context):
                processor.process()
        finally:
            telemetry.flush()
        return dict(processor.response())

    return handler


def _document(text: str) -> Message:
    try:
        document = json.loads(text)
    except ValueError:
        raise MalformedMessage("a body that is no JSON") from None
    if not isinstance(document, dict):
        raise MalformedMessage("a body that is no object")
    return document
