"""The `Queue` and `Postponement` ports on SQS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lambdas.adapters.failures import calling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_sqs import SQSClient


class SQSPostponement:
    """Implements `Postponement` by ChangeMessageVisibility."""

    def __init__(self, client: Callable[[], SQSClient]) -> None:
        self._client = client

    def postpone(self, queue_arn: str, receipt_handle: str, *, seconds: int) -> None:
        """See `Postponement.postpone`."""
        account, name = queue_arn.split(":")[4:6]
        with calling("queue"):
            url = self._client().get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            self._client().change_message_visibility(
                QueueUrl=url["QueueUrl"],
                ReceiptHandle=receipt_handle,
                VisibilityTimeout=seconds,
            )


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
