"""`AWS::DynamoDB::Table`: time to live and point-in-time recovery, which are dropped otherwise."""

from __future__ import annotations

from typing import Any

from local_aws import seam

Properties = dict[str, Any]


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _complete(table: str, properties: Properties) -> None:
    dynamodb = seam.client("dynamodb")
    wanted = properties.get("TimeToLiveSpecification")
    found = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if wanted and found.get("TimeToLiveStatus") != "ENABLED":
        dynamodb.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={
                "AttributeName": wanted["AttributeName"],
                "Enabled": _true(wanted["Enabled"]),
            },
        )
    recovery = properties.get("PointInTimeRecoverySpecification")
    if recovery:
        enabled = _true(recovery["PointInTimeRecoveryEnabled"])
        dynamodb.update_continuous_backups(
            TableName=table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled},
        )


def install() -> None:
    """Complete the type."""
    seam.complete_resource_type("AWS::DynamoDB::Table", _complete)
