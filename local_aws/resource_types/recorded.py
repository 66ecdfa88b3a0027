"""Types that have no behaviour on a laptop: accepted, given an identity, and otherwise ignored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_aws import seam
from local_aws.resource_types.naming import physical_name
from local_aws.settings import ACCOUNT, REGION

Properties = dict[str, Any]
# (generated name, properties) -> (Ref, attributes)
Identity = Callable[[str, Properties], tuple[str, Properties]]


def _record(resource_type: str, identity: Identity) -> None:
    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        return identity(physical_name(stack, logical_id, 128), properties)

    def update(
        physical_id: str, _old: Properties, new: Properties, _stack: str
    ) -> tuple[str, Properties]:
        name = physical_id.rpartition("/")[2]
        return identity(name, new)

    def delete(_physical_id: str, _properties: Properties) -> None:
        return

    seam.register_resource_type(resource_type, create=create, update=update, delete=delete)


def _xray(kind: str, name_property: str, attribute: str) -> Identity:
    def identity(name: str, properties: Properties) -> tuple[str, Properties]:
        chosen = properties.get(name_property, name)
        if isinstance(properties.get("SamplingRule"), dict):
            chosen = properties["SamplingRule"].get("RuleName", chosen)
        arn = f"arn:aws:xray:{REGION}:{ACCOUNT}:{kind}/{chosen}"
        return arn, {attribute: arn}

    return identity


def _web_acl_logging(_: str, properties: Properties) -> tuple[str, Properties]:
    return properties["ResourceArn"], {"ManagedByFirewallManager": False}


def _query_definition(name: str, _: Properties) -> tuple[str, Properties]:
    return name, {"QueryDefinitionId": name}


def install() -> None:
    """Register the recorded types."""
    _record("AWS::XRay::Group", _xray("group", "GroupName", "GroupARN"))
    _record("AWS::XRay::SamplingRule", _xray("sampling-rule", "RuleName", "RuleARN"))
    _record("AWS::WAFv2::LoggingConfiguration", _web_acl_logging)
    _record("AWS::Logs::QueryDefinition", _query_definition)
