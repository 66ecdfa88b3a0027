"""What one role may do, in exact words.

The grants of the CDK's buckets and tables carry wildcards (``s3:GetObject*``, ``s3:List*`` on the
whole bucket). A photo service cannot afford those, so this module grants the same way, with the
actions spelled out and object access bound to one prefix of one bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat
from aws_cdk import aws_iam as iam

from infra.acknowledgements import acknowledge_wildcard, as_imported, as_written

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_stepfunctions as sfn

# DynamoDB and S3 call KMS in the caller's name.
_KEY_ACTIONS = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey")
_ITEM_ACTIONS = tuple(
    f"dynamodb:{action}"
    for action in (
        "GetItem",
        "BatchGetItem",
        "Query",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "ConditionCheckItem",  # inside TransactWriteItems
    )
)


def allow(role: iam.IRole, resource: str | list[str], *actions: str) -> None:
    """Let ``role`` do ``actions`` on ``resource`` (an ARN or several)."""
    resources = [resource] if isinstance(resource, str) else resource
    iam.Grant.add_to_principal(grantee=role, actions=list(actions), resource_arns=resources)


def allow_anywhere(role: iam.IRole, reason: str, *actions: str, **conditions: str) -> None:
    """Let ``role`` do ``actions`` that know no resource; ``reason`` says so for the record."""
    iam.Grant.add_to_principal(
        grantee=role,
        actions=list(actions),
        resource_arns=["*"],
        conditions={"StringLike": conditions} if conditions else None,
    )
    acknowledge_wildcard(role, "*", reason)


def allow_objects(role: iam.IRole, bucket: s3.IBucket, prefix: str, *actions: str) -> None:
    """Let ``role`` do ``actions`` on the objects of ``bucket``, of another stack, under ``prefix``.

    A prefix ends with ``/`` (or is empty: all objects); it may end with a pattern instead.
    """
    pattern = prefix if "*" in prefix else f"{prefix}*"
    allow(role, bucket.arn_for_objects(pattern), *actions)
    acknowledge_wildcard(
        role,
        f"{as_imported(bucket, bucket.bucket_arn)}/{pattern}",
        "Objects under one prefix of one bucket: their names are ids drawn at run time",
    )


def allow_listing(
    role: iam.IRole, bucket: s3.IBucket, prefix: str, *, versions: bool = False
) -> None:
    """Let ``role`` list the keys of ``bucket`` that start with ``prefix``, and no others."""
    actions = ["s3:ListBucket", "s3:ListBucketVersions"] if versions else ["s3:ListBucket"]
    iam.Grant.add_to_principal(
        grantee=role,
        actions=actions,
        resource_arns=[bucket.bucket_arn],
        conditions={"StringLike": {"s3:prefix": f"{prefix}*"}},
    )


def allow_executions(role: iam.Role, machine: sfn.StateMachine, action: str) -> None:
    """Let ``role`` do ``action`` on executions of ``machine``, which is of another stack."""

    def executions(name: str) -> str:
        return role.stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    allow(role, executions(machine.state_machine_name), action)
    acknowledge_wildcard(
        role,
        as_written(role, executions(as_imported(machine, machine.state_machine_name))),
        "Executions of one state machine: they are named at run time",
    )


def allow_key(role: iam.IRole, key: kms.IKey) -> None:
    """Let ``role`` read and write what ``key`` encrypts."""
    allow(role, key.key_arn, *_KEY_ACTIONS)


def allow_items(role: iam.IRole, table: dynamodb.ITable, *indexes: str) -> None:
    """Let ``role`` read and write the items of ``table``, and query the named indexes."""
    allow(role, table.table_arn, *_ITEM_ACTIONS)
    for index in indexes:
        allow(role, f"{table.table_arn}/index/{index}", "dynamodb:Query")


def allow_idempotency(role: iam.IRole, table: dynamodb.ITable) -> None:
    """Let ``role`` keep idempotency records: exactly what Powertools' persistence layer calls."""
    allow(
        role,
        table.table_arn,
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    )


def allow_appending(role: iam.IRole, log: dynamodb.ITable) -> None:
    """Let ``role`` add entries to ``log`` and read them; nobody may change or delete one."""
    allow(role, log.table_arn, "dynamodb:PutItem", "dynamodb:Query")
