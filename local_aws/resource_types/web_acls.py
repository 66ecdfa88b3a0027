"""`AWS::WAFv2::WebACLAssociation`: kept by the emulator, which evaluates no rules."""

from __future__ import annotations

from typing import Any

from local_aws import seam

Properties = dict[str, Any]


def _create(_logical_id: str, properties: Properties, _stack: str) -> tuple[str, Properties]:
    seam.client("wafv2").associate_web_acl(
        WebACLArn=properties["WebACLArn"], ResourceArn=properties["ResourceArn"]
    )
    return f"{properties['ResourceArn']}|{properties['WebACLArn']}", {}


def _update(
    _physical_id: str, _old: Properties, new: Properties, stack: str
) -> tuple[str, Properties]:
    return _create("", new, stack)


def _delete(physical_id: str, _properties: Properties) -> None:
    resource = physical_id.partition("|")[0]
    waf = seam.client("wafv2")
    acl = physical_id.partition("|")[2]
    # A replaced association of the same resource: the new one must stay.
    if resource in waf.list_resources_for_web_acl(WebACLArn=acl).get("ResourceArns", []):
        waf.disassociate_web_acl(ResourceArn=resource)


def install() -> None:
    """Register the type."""
    seam.register_resource_type(
        "AWS::WAFv2::WebACLAssociation", create=_create, update=_update, delete=_delete
    )
