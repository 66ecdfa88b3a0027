"""`AWS::Budgets::Budget`: made through the emulator's Budgets API (it never sees a cost)."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from local_aws import seam
from local_aws.resource_types.naming import physical_name
from local_aws.settings import ACCOUNT

Properties = dict[str, Any]


def _put(name: str, properties: Properties) -> tuple[str, Properties]:
    _delete(name, {})
    budget = properties["Budget"]
    limit = budget["BudgetLimit"]
    wanted = {
        "BudgetName": name,
        "BudgetType": budget["BudgetType"],
        "TimeUnit": budget["TimeUnit"],
        "BudgetLimit": {"Amount": str(limit["Amount"]), "Unit": limit["Unit"]},
    }
    seam.client("budgets").create_budget(AccountId=ACCOUNT, Budget=wanted)
    return name, {}


def _create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
    name = properties["Budget"].get("BudgetName") or physical_name(stack, logical_id, 100)
    return _put(name, properties)


def _update(
    physical_id: str, _old: Properties, new: Properties, _stack: str
) -> tuple[str, Properties]:
    return _put(new["Budget"].get("BudgetName") or physical_id, new)


def _delete(physical_id: str, _properties: Properties) -> None:
    try:
        seam.client("budgets").delete_budget(AccountId=ACCOUNT, BudgetName=physical_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise


def install() -> None:
    """Register the type."""
    seam.register_resource_type(
        "AWS::Budgets::Budget", create=_create, update=_update, delete=_delete
    )
