"""The `Queue` port on SQS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lambdas.adapters.failures import calling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_sqs import SQSClient


class SQSQueue:
    """One standard queue."""

    def __init__(self, client: Callable[[], SQSClient], url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: Mapping[str, Any], *, delay_seconds: int = 0) -> None:
        """See `Queue.send`."""
        with calling("queue"):
            self._client().send_message(
                QueueUrl=self._url, MessageBody=json.dumps(message), DelaySeconds=delay_seconds
            )
