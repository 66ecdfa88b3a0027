"""`AWS::CloudWatch::CompositeAlarm`: made through the emulator's CloudWatch API."""

from __future__ import annotations

from typing import Any

from local_aws import seam
from local_aws.resource_types.naming import physical_name
from local_aws.settings import ACCOUNT, REGION

Properties = dict[str, Any]
_PASSED_ON = (
    "AlarmRule",
    "AlarmDescription",
    "ActionsEnabled",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
)


def _put(name: str, properties: Properties) -> tuple[str, Properties]:
    wanted = {key: properties[key] for key in _PASSED_ON if key in properties}
    if "ActionsEnabled" in wanted:
        wanted["ActionsEnabled"] = str(wanted["ActionsEnabled"]).lower() == "true"
    seam.client("cloudwatch").put_composite_alarm(AlarmName=name, **wanted)
    return name, {"Arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"}


def _create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
    return _put(properties.get("AlarmName") or physical_name(stack, logical_id), properties)


def _update(
    physical_id: str, _old: Properties, new: Properties, _stack: str
) -> tuple[str, Properties]:
    return _put(new.get("AlarmName") or physical_id, new)


def _delete(physical_id: str, _properties: Properties) -> None:
    seam.client("cloudwatch").delete_alarms(AlarmNames=[physical_id])


def install() -> None:
    """Register the type."""
    seam.register_resource_type(
        "AWS::CloudWatch::CompositeAlarm", create=_create, update=_update, delete=_delete
    )
