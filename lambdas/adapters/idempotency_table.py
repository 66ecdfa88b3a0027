"""The `IdempotencyRecords` port, and the table in which Powertools keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.adapters.failures import calling

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
    from mypy_boto3_dynamodb import DynamoDBClient


class IdempotencyTable:
    """Implements `IdempotencyRecords`."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def forget(self, ids: Iterable[str]) -> None:
        """See `IdempotencyRecords.forget`."""
        with calling("records"):
            for record_id in ids:
                self._client.delete_item(TableName=self._name, Key={"id": {"S": record_id}})


def persistence(client: DynamoDBClient, name: str) -> BasePersistenceLayer:
    """Where Powertools keeps answers."""
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

    return DynamoDBPersistenceLayer(table_name=name, boto3_client=client)
