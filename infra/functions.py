"""A Lambda function of this service: own role, own log group, traced, with nothing to spare."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra import access, bundling
from infra.acknowledgements import acknowledge, acknowledge_wildcard
from infra.domain_settings import settings_layer
from infra.log_groups import log_group
from infra.tables import OWNER_INDEX, STATE_INDEX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sqs as sqs

    from infra.queues import WorkQueue
    from infra.settings import EnvironmentSettings

METRICS_NAMESPACE = "Avatar"


@dataclass(frozen=True)
class FunctionSpec:
    """What distinguishes one function: its module, its bundle, its size (MB), its time-out."""

    handler: str
    bundle: bundling.Bundle = "api"
    memory: int = 512
    timeout_seconds: int = 30

    @property
    def timeout(self) -> Duration:
        """The time-out as the CDK wants it."""
        return Duration.seconds(self.timeout_seconds)

    @property
    def service(self) -> str:
        """``lambdas.api.subjects.handler`` is the service ``api_subjects`` in logs and traces."""
        parts = self.handler.split(".")[1:-1]
        return parts[-1] if parts[0] == "events" else "_".join(parts)


class ServiceFunction(Construct):
    """One function with its role and log group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: FunctionSpec,
        settings: EnvironmentSettings,
        key: kms.IKey,
        environment: Mapping[str, str],
        records: dynamodb.ITable | None = None,
        replays: dynamodb.ITable | None = None,
        encrypted_data: bool = True,
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        """``records``: the table it reads and writes; ``replays``: where it keeps its answers."""
        super().__init__(scope, construct_id)
        self.service = spec.service
        self.log_group = log_group(self, "Logs", settings=settings, key=key)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        # The managed policy AWSLambdaBasicExecutionRole would allow every log group.
        access.allow(
            self.role,
            self.log_group.log_group_arn,
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        )
        if encrypted_data:
            access.allow_key(self.role, key)
        tables = {}
        if records:
            access.allow_items(self.role, records, OWNER_INDEX, STATE_INDEX)
            tables["TABLE_NAME"] = records.table_name
        if replays:
            access.allow_idempotency(self.role, replays)
            tables["IDEMPOTENCY_TABLE_NAME"] = replays.table_name
        on_host = settings.functions.platform == "host"
        self.function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset(
                str(bundling.lambda_bundle(spec.bundle, settings.functions.platform))
            ),
            layers=[settings_layer(self, settings)],
            handler=spec.handler,
            runtime=_host_runtime() if on_host else lambda_.Runtime.PYTHON_3_13,
            architecture=_host_architecture() if on_host else lambda_.Architecture.ARM_64,
            memory_size=spec.memory,
            timeout=spec.timeout,
            role=self.role,
            log_group=self.log_group,
            tracing=lambda_.Tracing.ACTIVE,
            dead_letter_queue=dead_letters,
            environment={
                "ENVIRONMENT": settings.name,
                "POWERTOOLS_SERVICE_NAME": spec.service,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "LOG_LEVEL": settings.functions.log_level,
                **tables,
                **environment,
            },
        )

        acknowledge_wildcard(self.role, "*", "Sending traces to X-Ray knows no resource")
        acknowledge(
            self.function,
            "AwsSolutions-L1",
            "The declared runtime, which the bundles are built for and Lambda supports",
        )

    def consume(
        self, work: WorkQueue, batch_size: int = 10, max_concurrency: int | None = None
    ) -> None:
        """Handle the messages of ``work``; a failed message comes back, its batch does not."""
        self.function.add_event_source(
            sources.SqsEventSource(
                work.queue,
                batch_size=batch_size,
                max_concurrency=max_concurrency,
                report_batch_item_failures=True,
            )
        )


def _host_runtime() -> lambda_.Runtime:
    return lambda_.Runtime(
        f"python{sys.version_info.major}.{sys.version_info.minor}", lambda_.RuntimeFamily.PYTHON
    )


def _host_architecture() -> lambda_.Architecture:
    arm = platform.machine() in {"arm64", "aarch64"}
    return lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64
