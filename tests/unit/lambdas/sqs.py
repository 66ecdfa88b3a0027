"""Batches as Lambda gets them from SQS, and what is said about each message."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.unit.lambdas.gateway import FakeContext

Handler = Callable[[dict[str, Any], Any], Any]


def batch(*bodies: object, receives: int = 1) -> dict[str, Any]:
    """An event with one record a body; text goes as it is, everything else as JSON."""
    return {
        "Records": [
            {
                "messageId": f"message-{position}",
                "receiptHandle": "handle",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": str(receives),
                    "SentTimestamp": "1700000000000",
                    "SenderId": "sender",
                    "ApproximateFirstReceiveTimestamp": "1700000000000",
                },
                "messageAttributes": {},
                "md5OfBody": "0",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
                "awsRegion": "us-east-1",
            }
            for position, body in enumerate(bodies)
        ]
    }


def deliver(handler: Handler, *bodies: object, receives: int = 1) -> list[int]:
    """Hand a batch over; the positions of the messages that failed and would come again."""
    if not bodies:
        return []  # SQS brings no empty batches
    answer = handler(batch(*bodies, receives=receives), FakeContext())
    return [
        int(failure["itemIdentifier"].removeprefix("message-"))
        for failure in answer["batchItemFailures"]
    ]
