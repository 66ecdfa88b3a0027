"""What the deployed roles may do, statement by statement, and a role without one of them."""

from __future__ import annotations

import copy
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

STACKS = ("storage", "identity", "training", "inference", "api", "observability")
_CDK_HASH = re.compile(r"[0-9A-F]{8}$")


@dataclass(frozen=True)
class Role:
    """A role of the application: its construct's path without the hash, its physical name."""

    construct: str
    name: str


@dataclass(frozen=True)
class Statement:
    """One statement of an inline policy, by its position."""

    role: Role
    policy: str
    position: int
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.role.construct}: {_short(self.actions)} on {_short(self.resources)}"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every action with every resource that it is allowed on."""
        return [(action, resource) for action in self.actions for resource in self.resources]


def application_roles(cloudformation: Any) -> list[Role]:
    """The roles that the stacks of environment `local` made."""
    found = []
    for stack in STACKS:
        pages = cloudformation.get_paginator("list_stack_resources")
        for page in pages.paginate(StackName=f"avatar-local-{stack}"):
            found += [
                Role(_CDK_HASH.sub("", each["LogicalResourceId"]), each["PhysicalResourceId"])
                for each in page["StackResourceSummaries"]
                if each["ResourceType"] == "AWS::IAM::Role"
            ]
    return found


def statements_of(iam: Any, role: Role) -> list[Statement]:
    """The statements of the role's inline policies, in their order."""
    return [
        Statement(
            role, policy, position, _listed(statement["Action"]), _listed(statement["Resource"])
        )
        for policy in iam.list_role_policies(RoleName=role.name)["PolicyNames"]
        for position, statement in enumerate(_document(iam, role, policy)["Statement"])
    ]


@contextmanager
def removed(iam: Any, statement: Statement) -> Iterator[None]:
    """The role without the statement, as long as the block lasts."""
    given = {"RoleName": statement.role.name, "PolicyName": statement.policy}
    whole = _document(iam, statement.role, statement.policy)
    rest = copy.deepcopy(whole)
    del rest["Statement"][statement.position]
    try:
        if rest["Statement"]:
            iam.put_role_policy(**given, PolicyDocument=json.dumps(rest))
        else:
            iam.delete_role_policy(**given)
        yield
    finally:
        iam.put_role_policy(**given, PolicyDocument=json.dumps(whole))


def _document(iam: Any, role: Role, policy: str) -> dict[str, Any]:
    answer = iam.get_role_policy(RoleName=role.name, PolicyName=policy)
    document: dict[str, Any] = answer["PolicyDocument"]  # boto3 has parsed it
    return document


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _short(values: tuple[str, ...]) -> str:
    """The first and the number of the others; of an ARN only what names the thing."""
    first = values[0].split(":", 5)[-1] if values[0].startswith("arn:") else values[0]
    return first if len(values) == 1 else f"{first} +{len(values) - 1}"
