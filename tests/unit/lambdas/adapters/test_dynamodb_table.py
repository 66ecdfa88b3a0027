"""What a fake cannot show; the rest is `port_contract`, which runs against the real one in e2e."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from lambdas.adapters.dynamodb_table import DynamoDBTable
from lambdas.adapters.expressions import plain, typed
from lambdas.domain.errors import Unavailable
from lambdas.table import (
    Append,
    Check,
    ConditionFailed,
    Delete,
    InvalidPosition,
    Key,
    Present,
    Put,
    Update,
)
from tests.unit.lambdas.adapters.stubbed import stubbed

KEY = Key("OWNER#a", "THING#1")
TWO = (Put({"pk": "a", "sk": "1"}), Delete(KEY))

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=5)
    | st.integers(-(10**30), 10**30)
    | st.floats(-1e15, 1e15),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_survives_the_way_there_and_back(value: Any) -> None:
    assert plain(typed(value)) == value


def test_values_that_records_do_not_hold_are_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        typed(b"x")
    with pytest.raises(TypeError, match="SS"):
        plain({"SS": ["x"]})


@pytest.fixture
def aws() -> tuple[DynamoDBTable, Any]:
    client, stub = stubbed("dynamodb")
    return DynamoDBTable(client, "records", pause_seconds=0), stub


def _cancelled(stub: Any, *codes: str) -> None:
    stub.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


def test_transactions_that_collide_are_tried_again(aws: tuple[DynamoDBTable, Any]) -> None:
    table, stub = aws
    _cancelled(stub, "TransactionConflict", "None")
    stub.add_response("transact_write_items", {})
    table.write(*TWO)
    stub.assert_no_pending_responses()


def test_transactions_that_collide_for_ever_are_unavailable(aws: tuple[DynamoDBTable, Any]) -> None:
    table, stub = aws
    for _ in range(8):
        _cancelled(stub, "None", "TransactionConflict")
    with pytest.raises(Unavailable):
        table.write(*TWO)


def test_a_failed_condition_is_named_even_among_collisions(aws: tuple[DynamoDBTable, Any]) -> None:
    table, stub = aws
    _cancelled(stub, "TransactionConflict", "ConditionalCheckFailed")
    with pytest.raises(ConditionFailed) as caught:
        table.write(*TWO)
    assert caught.value.failed == (1,)


def test_a_transaction_that_is_wrong_is_our_mistake(aws: tuple[DynamoDBTable, Any]) -> None:
    table, stub = aws
    _cancelled(stub, "ValidationError", "None")
    with pytest.raises(ClientError):
        table.write(*TWO)
    stub.add_client_error("transact_write_items", "ValidationException")
    with pytest.raises(ClientError):
        table.write(*TWO)


def test_a_single_check_is_a_transaction_of_one(aws: tuple[DynamoDBTable, Any]) -> None:
    table, stub = aws
    _cancelled(stub, "ConditionalCheckFailed")
    with pytest.raises(ConditionFailed):
        table.write(Check(KEY, when=(Present("pk"),)))


def test_a_single_write_into_someone_s_transaction_may_be_repeated(
    aws: tuple[DynamoDBTable, Any],
) -> None:
    table, stub = aws
    stub.add_client_error("update_item", "TransactionConflictException")
    with pytest.raises(Unavailable):
        table.write(Update(KEY, set={"a": 1}))
    stub.add_client_error("update_item", "AccessDeniedException")
    with pytest.raises(ClientError):
        table.write(Update(KEY, set={"a": 1}))


def test_throttling_is_unavailable(aws: tuple[DynamoDBTable, Any]) -> None:
    table, stub = aws
    stub.add_client_error("get_item", "ProvisionedThroughputExceededException")
    with pytest.raises(Unavailable):
        table.get(KEY)


def test_only_a_wrong_position_is_blamed_on_the_caller(aws: tuple[DynamoDBTable, Any]) -> None:
    table, stub = aws
    stub.add_client_error("query", "ValidationException")
    with pytest.raises(InvalidPosition):
        table.query("OWNER#a", after={"pk": "a", "sk": "b"})
    stub.add_client_error("query", "ValidationException")
    with pytest.raises(ClientError):
        table.query("OWNER#a")


ENTRY = {"pk": "AUDIT#2026-11", "sk": "1"}
TYPED_ENTRY = {"pk": {"S": "AUDIT#2026-11"}, "sk": {"S": "1"}}
NEW_ENTRY = {
    "TableName": "audit",
    "Item": TYPED_ENTRY,
    "ConditionExpression": "attribute_not_exists(#n0)",
    "ExpressionAttributeNames": {"#n0": "pk"},
}


def test_an_entry_goes_into_the_audit_log_only_if_it_is_new() -> None:
    client, stub = stubbed("dynamodb")
    stub.add_response("put_item", {}, NEW_ENTRY)
    stub.add_client_error("put_item", "ConditionalCheckFailedException")
    table = DynamoDBTable(client, "records", audit_log="audit")
    table.write(Append(ENTRY))
    with pytest.raises(ConditionFailed):
        table.write(Append(ENTRY))
    stub.assert_no_pending_responses()


def test_a_change_and_its_entry_are_one_transaction_over_both_tables() -> None:
    client, stub = stubbed("dynamodb")
    record = {"TableName": "records", "Item": {"pk": {"S": "a"}, "sk": {"S": "1"}}}
    items = [{"Put": record}, {"Put": NEW_ENTRY}]
    stub.add_response("transact_write_items", {}, {"TransactItems": items})
    table = DynamoDBTable(client, "records", audit_log="audit")
    table.write(Put({"pk": "a", "sk": "1"}), Append(ENTRY))
    stub.assert_no_pending_responses()
