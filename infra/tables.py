"""The records: one table for the domain, one for idempotency, and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from infra.settings import EnvironmentSettings

OWNER_INDEX = "by_owner"
STATE_INDEX = "by_state"


class Tables(Construct):
    """On demand, restorable to any second of the last 35 days, encrypted with our key."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self.records = dynamodb.Table(
            self,
            "Records",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=_recovery(),
            time_to_live_attribute="ttl",
            deletion_protection=settings.keep_data,
            removal_policy=_removal(settings),
        )
        for index, keys in ((OWNER_INDEX, "gsi1"), (STATE_INDEX, "gsi2")):
            self.records.add_global_secondary_index(
                index_name=index,
                partition_key=_text(f"{keys}pk"),
                sort_key=_text(f"{keys}sk"),
                projection_type=dynamodb.ProjectionType.ALL,
            )
        self.idempotency = dynamodb.Table(
            self,
            "Idempotency",
            partition_key=_text("id"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=_recovery(),
            time_to_live_attribute="expiration",
            # Answers to requests of the last hours: nothing that a stack has to outlive.
            removal_policy=RemovalPolicy.DESTROY,
        )
        # Nothing in it ever expires: what moderators did outlives what they did it to.
        self.audit = dynamodb.Table(
            self,
            "Audit",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=_recovery(),
            deletion_protection=settings.keep_data,
            removal_policy=_removal(settings),
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _recovery() -> dynamodb.PointInTimeRecoverySpecification:
    return dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True)


def _removal(settings: EnvironmentSettings) -> RemovalPolicy:
    return RemovalPolicy.RETAIN if settings.keep_data else RemovalPolicy.DESTROY
