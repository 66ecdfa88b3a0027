"""The `Table` port on DynamoDB."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.expressions import Expressions, plain_item, typed_item, typed_key
from lambdas.adapters.failures import calling, code_of
from lambdas.domain.errors import Unavailable
from lambdas.table import (
    INDEX_KEYS,
    Append,
    Check,
    ConditionFailed,
    Delete,
    Index,
    InvalidPosition,
    Item,
    Key,
    Page,
    Put,
    Update,
    Write,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

# Photos of one subject are screened at the same time, and each counts on the subject's item: such
# transactions collide, and a moment later they do not.
_COLLISION_ATTEMPTS = 8
_COLLISION_PAUSE_SECONDS = 0.05


class DynamoDBTable:
    """One table with the indexes `by_owner` and `by_state`; `audit_log`: where Append goes."""

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        *,
        audit_log: str = "",
        pause_seconds: float = _COLLISION_PAUSE_SECONDS,
    ) -> None:
        self._client = client
        self._name = name
        self._audit_log = audit_log
        self._pause = pause_seconds

    def get(self, key: Key) -> Item | None:
        """See `Table.get`."""
        with calling("records"):
            answer = self._client.get_item(
                TableName=self._name, Key=typed_key(key), ConsistentRead=True
            )
        item = answer.get("Item")
        return plain_item(item) if item else None

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        up_to: str | None = None,
        index: Index | None = None,
        newest_first: bool = False,
        limit: int = 100,
        after: Mapping[str, str] | None = None,
    ) -> Page:
        """See `Table.query`."""
        pk, sk = INDEX_KEYS[index]
        terms = Expressions()
        condition = f"{terms.name(pk)} = {terms.value(partition)}"
        if prefix:
            condition += f" AND begins_with({terms.name(sk)}, {terms.value(prefix)})"
        elif up_to is not None:
            condition += f" AND {terms.name(sk)} <= {terms.value(up_to)}"
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": condition,
            "ScanIndexForward": not newest_first,
            "Limit": limit,
            **terms.parts(),
        }
        if index is None:
            request["ConsistentRead"] = True
        else:
            request["IndexName"] = index.value
        if after is not None:
            request["ExclusiveStartKey"] = typed_item(after)
        try:
            with calling("records"):
                answer = self._client.query(**request)
        except ClientError as error:
            if after is not None and code_of(error) == "ValidationException":
                raise InvalidPosition from error
            raise
        last = answer.get("LastEvaluatedKey")
        return Page(
            tuple(plain_item(item) for item in answer["Items"]),
            {name: str(value) for name, value in plain_item(last).items()} if last else None,
        )

    def write(self, *writes: Write) -> None:
        """See `Table.write`; one write is a plain call, several are a transaction."""
        with calling("records"):
            if len(writes) == 1 and not isinstance(writes[0], Check):
                self._write_one(writes[0])
            else:
                self._write_all(writes)

    def _write_one(self, write: Put | Update | Delete | Append) -> None:
        parameters = self._parameters(write)
        try:
            match write:
                case Put() | Append():
                    self._client.put_item(**parameters)
                case Update():
                    self._client.update_item(**parameters)
                case Delete():
                    self._client.delete_item(**parameters)
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                raise ConditionFailed from error
            if code_of(error) == "TransactionConflictException":
                raise Unavailable("records", retry_after=1) from error
            raise

    def _write_all(self, writes: tuple[Write, ...]) -> None:
        operations: Any = [{_OPERATIONS[type(w)]: self._parameters(w)} for w in writes]
        for attempt in range(_COLLISION_ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, self._pause * 2**attempt))
            try:
                self._client.transact_write_items(TransactItems=operations)
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                reasons = [r.get("Code") for r in error.response.get("CancellationReasons", [])]
                failed = tuple(
                    i for i, reason in enumerate(reasons) if reason == "ConditionalCheckFailed"
                )
                if failed:
                    raise ConditionFailed(failed) from error
                if set(reasons) & _OUR_MISTAKES:
                    raise
            else:
                return
        raise Unavailable("records", retry_after=1)

    def _parameters(self, write: Write) -> dict[str, Any]:
        terms = Expressions()
        name = self._audit_log if isinstance(write, Append) else self._name
        parameters: dict[str, Any] = {"TableName": name}
        if isinstance(write, Put | Append):
            parameters["Item"] = typed_item(write.item)
        else:
            parameters["Key"] = typed_key(write.key)
        if isinstance(write, Update):
            parameters["UpdateExpression"] = terms.update(write.set, write.add, write.remove)
        if write.when:
            parameters["ConditionExpression"] = terms.condition(write.when)
        return {**parameters, **terms.parts()}


_OPERATIONS = {
    Put: "Put",
    Update: "Update",
    Delete: "Delete",
    Check: "ConditionCheck",
    Append: "Put",
}
# Reasons for a cancelled transaction that no repetition mends.
_OUR_MISTAKES = {"ValidationError", "ItemCollectionSizeLimitExceeded"}
