"""A hosted model's queue and the function that asks it: only where an environment chose one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from constructs import Construct

from infra import access
from infra.functions import FunctionSpec, ServiceFunction
from infra.queues import WorkQueue

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sqs as sqs

    from infra.settings import EnvironmentSettings, HostedModelSettings
    from infra.storage import StorageStack

_PAINTING = FunctionSpec(
    "lambdas.events.painting.handler",
    bundle="media",
    memory=1024,  # it waits; now and then a picture is resampled
    timeout_seconds=300,  # four samples, each of at most a minute
)


class Painting(Construct):
    """``work``: requests that wait; ``function``: invokes the one model for them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        hosted: HostedModelSettings,
        storage: StorageStack,
        key: kms.IKey,
        results: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.work = WorkQueue(
            self, "Requests", settings=settings, key=key, handling=_PAINTING.timeout
        )
        queue = self.work.queue
        self.function = ServiceFunction(
            self,
            "Handler",
            spec=_PAINTING,
            settings=settings,
            key=key,
            records=storage.table,
            environment={
                "WORK_BUCKET": storage.work.bucket_name,
                "RESULTS_QUEUE_URL": results.queue_url,
                "PAINTING_QUEUE_URL": queue.queue_url,
            },
        )
        role = self.function.role
        model = Stack.of(self).format_arn(
            service="bedrock",
            region=hosted.region,
            account="",
            resource="foundation-model",
            resource_name=hosted.model,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        access.allow(role, model, "bedrock:InvokeModel")
        for prefix in ("generations/", "results/"):
            access.allow_objects(role, storage.work, prefix, "s3:GetObject")
        access.allow_objects(role, storage.work, "results/", "s3:PutObject")
        access.allow_objects(role, storage.work, "generations/*/progress.json", "s3:PutObject")
        access.allow_objects(
            role, storage.work, "generations/*/sample-*.json", "s3:PutObject", "s3:DeleteObject"
        )
        access.allow(role, [results.queue_arn, queue.queue_arn], "sqs:SendMessage")
        # The model's own quota is for a whole account: whatever is above it would be throttled.
        self.function.consume(self.work, batch_size=1, max_concurrency=hosted.concurrency)
