"""Stack ``training``: from accepted photos to a published adapter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3_assets as assets

from infra import access, bundling
from infra.containers import allow_container, image_uri
from infra.functions import FunctionSpec, ServiceFunction
from infra.queues import WorkQueue
from infra.state_machine import JOB_NAME_PREFIX, TrainingStateMachine

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import EnvironmentSettings
    from infra.storage import StorageStack

_EVENTS = FunctionSpec("lambdas.events.training_events.handler", timeout_seconds=30)


class TrainingStack(Stack):
    """The state machine, its functions, the job's role, and the events that may have got lost."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        storage: StorageStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        self._storage = storage
        # By its ARN: the key's own policy stays as the storage stack wrote it.
        self._key = kms.Key.from_key_arn(self, "DataKey", storage.key.key_arn)
        # One image trains every base: it is the GPU that the instance types have in common.
        image = image_uri("training", settings.region, settings.training.instance_type)
        code = assets.Asset(
            self, "Code", path=str(bundling.training_code(settings.code.vendor_wheels))
        )
        prepare = self._function(
            "Prepare",
            "training_prepare",
            {
                "PHOTOS_BUCKET": storage.photos.bucket_name,
                "WORK_BUCKET": storage.work.bucket_name,
                "MODELS_BUCKET": storage.models.bucket_name,
                "TRAINING_CODE_URI": code.s3_object_url,
                "TRAINING_INSTANCE_TYPES": json.dumps(
                    {base.model.id: base.training_instance_type for base in settings.served_bases}
                ),
            },
        )
        access.allow_objects(prepare.role, storage.work, "trainings/", "s3:PutObject")
        access.allow_objects(prepare.role, storage.models, "base/*/base.json", "s3:GetObject")
        access.allow_objects(prepare.role, storage.models, "prior/", "s3:PutObject")
        publish = self._function(
            "Publish",
            "training_publish",
            {
                "WORK_BUCKET": storage.work.bucket_name,
                "MODELS_BUCKET": storage.models.bucket_name,
            },
            memory=1024,  # the adapter passes through memory while its checksum is compared
            timeout_seconds=120,
        )
        access.allow_objects(publish.role, storage.work, "trainings/", "s3:GetObject")
        # Delete: a training may be cancelled while its adapter is being copied.
        access.allow_objects(
            publish.role, storage.models, "adapters/", "s3:PutObject", "s3:DeleteObject"
        )
        # Class images of prior preservation belong to a base and a class, to no user.
        access.allow_objects(publish.role, storage.models, "prior/", "s3:PutObject")
        failed = self._function("Failed", "training_failed", {})
        machine = TrainingStateMachine(
            self,
            "Training",
            settings=settings,
            key=self._key,
            image=image,
            training_role=self._training_role(image, code),
            prepare=prepare.function,
            publish=publish.function,
            failed=failed.function,
        )
        self.state_machine = machine.state_machine
        self.events = WorkQueue(
            self, "Events", settings=settings, key=self._key, handling=_EVENTS.timeout
        )
        self._event_rules()
        self.functions = [prepare, publish, failed, self._events_function()]
        CfnOutput(self, "StateMachineArn", value=self.state_machine.state_machine_arn)

    def _function(
        self, construct_id: str, module: str, environment: dict[str, str], **size: Any
    ) -> ServiceFunction:
        return ServiceFunction(
            self,
            construct_id,
            spec=FunctionSpec(f"lambdas.events.{module}.handler", **size),
            settings=self._settings,
            key=self._key,
            environment=environment,
            records=self._storage.table,
        )

    def _events_function(self) -> ServiceFunction:
        function = self._function(
            "EventsHandler", "training_events", {}, timeout_seconds=_EVENTS.timeout_seconds
        )
        function.consume(self.events)
        return function

    def _event_rules(self) -> None:
        """Jobs at work, and ends of jobs and executions: news that the first way may have lost."""
        events.Rule(
            self,
            "JobChanged",
            description="A training job of this service began, went on or ended",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Training Job State Change"],
                detail={
                    "TrainingJobName": [{"prefix": JOB_NAME_PREFIX}],
                    "TrainingJobStatus": ["InProgress", "Completed", "Failed", "Stopped"],
                },
            ),
            targets=[targets.SqsQueue(self.events.queue)],
        )
        events.Rule(
            self,
            "ExecutionFailed",
            description="An execution of the training state machine did not finish well",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                    "stateMachineArn": [self.state_machine.state_machine_arn],
                },
            ),
            targets=[targets.SqsQueue(self.events.queue)],
        )

    def _training_role(self, image: str, code: assets.Asset) -> iam.Role:
        """What the container itself may do: read its channels, write its own outcome."""
        storage = self._storage
        role = iam.Role(self, "JobRole", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        allow_container(
            role,
            images=[image],
            code=code,
            key=self._key,
            log_group="/aws/sagemaker/TrainingJobs:*",
        )
        access.allow_objects(role, storage.photos, "", "s3:GetObject")
        access.allow_listing(role, storage.photos, "")
        access.allow_objects(role, storage.models, "base/", "s3:GetObject")
        access.allow_listing(role, storage.models, "base/")
        access.allow_objects(role, storage.models, "prior/", "s3:GetObject")
        access.allow_listing(role, storage.models, "prior/")
        # Delete: SageMaker mirrors the checkpoint folder, removed files included.
        access.allow_objects(
            role,
            storage.work,
            "trainings/",
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
        )
        access.allow_listing(role, storage.work, "trainings/")
        return role
