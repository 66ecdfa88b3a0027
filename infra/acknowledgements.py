"""Findings of cdk-nag that stand for a reason: each on the one resource it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Stack, Validations

if TYPE_CHECKING:
    from constructs import IConstruct


def acknowledge(resource: IConstruct, rule: str, reason: str) -> None:
    """Record why ``rule`` (``AwsSolutions-…``, with its finding in brackets) does not apply."""
    Validations.of(resource).acknowledge(Acknowledgment(id=rule, reason=reason))


def acknowledge_wildcard(role: IConstruct, resource: str, reason: str) -> None:
    """A ``*`` in ``resource``, as cdk-nag writes it, that cannot be more exact."""
    acknowledge(role, f"AwsSolutions-IAM5[Resource::{resource}]", reason)


def as_imported(owner: IConstruct, value: str) -> str:
    """How cdk-nag writes ``value``, an attribute of ``owner``, in a policy of another stack."""
    stack = Stack.of(owner)
    imported: dict[str, str] = stack.resolve(stack.export_value(value))
    return imported["Fn::ImportValue"]


def as_written(scope: IConstruct, arn: str) -> str:
    """How cdk-nag writes an ARN that holds pseudo parameters such as the account."""
    resolved = Stack.of(scope).resolve(arn)
    if isinstance(resolved, str):
        return resolved
    parts = resolved["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)
