"""What happens after an answer was given: uploads are looked at, deleted things are erased, and
what got lost on the way is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra import access
from infra.acknowledgements import acknowledge_wildcard, as_written
from infra.functions import FunctionSpec, ServiceFunction
from infra.queues import DeadLetterQueue, WorkQueue
from infra.state_machine import JOB_NAME_PREFIX

if TYPE_CHECKING:
    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sqs as sqs
    from aws_cdk import aws_stepfunctions as sfn

    from infra.settings import EnvironmentSettings
    from infra.storage import StorageStack

_INTAKE = FunctionSpec(
    "lambdas.events.intake.handler",
    bundle="media",
    memory=1769,  # one whole vCPU: photos are decoded and encoded
    timeout_seconds=120,  # five photos, each of up to eight calls to Rekognition
)
# What the bucket of uploads holds: photos of subjects, pictures for generations.
_QUARANTINE = ("photos/", "sources/")
_ERASURE = FunctionSpec("lambdas.events.erasure.handler", timeout_seconds=300)
_RECONCILER = FunctionSpec("lambdas.events.reconciler.handler", timeout_seconds=120)


class Background(Construct):
    """Two queues with their functions, and a function on a schedule."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        storage: StorageStack,
        key: kms.IKey,
        machine: sfn.StateMachine,
        results: sqs.IQueue,
        user_pool: cognito.IUserPool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._storage = storage
        self._key = key
        self._machine = machine
        self._results = results
        self._user_pool = user_pool
        common: dict[str, Any] = {"settings": settings, "key": key}
        self.intake = WorkQueue(self, "Intake", handling=_INTAKE.timeout, **common)
        self.erasure = WorkQueue(self, "Erasure", handling=_ERASURE.timeout, **common)
        self.unreconciled = DeadLetterQueue(self, "Unreconciled", key=key).queue
        self.functions = [self._intake(), self._erase(), self._reconcile()]

    def _function(
        self, construct_id: str, spec: FunctionSpec, environment: dict[str, str], **options: Any
    ) -> ServiceFunction:
        return ServiceFunction(
            self,
            construct_id,
            spec=spec,
            settings=self._settings,
            key=self._key,
            environment=environment,
            records=self._storage.table,
            **options,
        )

    def _intake(self) -> ServiceFunction:
        storage = self._storage
        function = self._function(
            "IntakeHandler",
            _INTAKE,
            {
                "UPLOADS_BUCKET": storage.uploads.bucket_name,
                "PHOTOS_BUCKET": storage.photos.bucket_name,
                "WORK_BUCKET": storage.work.bucket_name,
            },
        )
        role = function.role
        for prefix in _QUARANTINE:
            access.allow_objects(role, storage.uploads, prefix, "s3:GetObject", "s3:DeleteObject")
        access.allow_objects(role, storage.work, "sources/", "s3:PutObject")
        # It reads accepted photos to compare new faces with.
        access.allow_objects(role, storage.photos, "", "s3:GetObject", "s3:PutObject")
        access.allow_anywhere(
            role,
            "Rekognition looks at bytes and X-Ray takes traces: neither knows a resource",
            "rekognition:CompareFaces",
            "rekognition:DetectFaces",
            "rekognition:DetectModerationLabels",
            "rekognition:RecognizeCelebrities",
        )
        function.consume(self.intake, batch_size=5)
        events.Rule(
            self,
            "Uploaded",
            description="A picture arrived in quarantine",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [storage.uploads.bucket_name]},
                    "object": {"key": [{"prefix": prefix} for prefix in _QUARANTINE]},
                },
            ),
            targets=[targets.SqsQueue(self.intake.queue)],
        )
        return function

    def _erase(self) -> ServiceFunction:
        storage = self._storage
        holding_user_data = {
            "UPLOADS_BUCKET": (storage.uploads, ""),
            "PHOTOS_BUCKET": (storage.photos, ""),
            "MODELS_BUCKET": (storage.models, "adapters/"),
            "WORK_BUCKET": (storage.work, ""),
            "AVATARS_BUCKET": (storage.avatars, ""),
        }
        function = self._function(
            "ErasureHandler",
            _ERASURE,
            {
                **{name: bucket.bucket_name for name, (bucket, _) in holding_user_data.items()},
                "IDEMPOTENCY_TABLE_NAME": storage.idempotency.table_name,
                "STATE_MACHINE_ARN": self._machine.state_machine_arn,
                "USER_POOL_ID": self._user_pool.user_pool_id,
                "RECEIPT_KEY_ARN": storage.receipt_key.key_arn,
            },
        )
        role = function.role
        for bucket, prefix in holding_user_data.values():
            # By version, with every marker: erased means erased, whatever a bucket's history.
            access.allow_listing(role, bucket, prefix, versions=True)
            access.allow_objects(role, bucket, prefix, "s3:DeleteObject", "s3:DeleteObjectVersion")
        access.allow(role, storage.idempotency.table_arn, "dynamodb:DeleteItem")
        access.allow_executions(role, self._machine, "states:StopExecution")
        # A job that was stopped still writes for a while: only its end says that it is over.
        jobs = role.stack.format_arn(
            service="sagemaker", resource="training-job", resource_name=f"{JOB_NAME_PREFIX}*"
        )
        access.allow(role, jobs, "sagemaker:DescribeTrainingJob")
        acknowledge_wildcard(
            role, as_written(self, jobs), "Jobs of this service, named after their trainings"
        )
        access.allow(
            role,
            self._user_pool.user_pool_arn,
            "cognito-idp:AdminGetUser",
            "cognito-idp:AdminDeleteUser",
        )
        access.allow(role, storage.receipt_key.key_arn, "kms:Sign")
        function.consume(self.erasure, batch_size=1)
        return function

    def _reconcile(self) -> ServiceFunction:
        storage = self._storage
        queues = {
            "INTAKE_QUEUE_URL": self.intake.queue,
            "RESULTS_QUEUE_URL": self._results,
            "ERASURE_QUEUE_URL": self.erasure.queue,
        }
        function = self._function(
            "ReconcilerHandler",
            _RECONCILER,
            {
                "UPLOADS_BUCKET": storage.uploads.bucket_name,
                "WORK_BUCKET": storage.work.bucket_name,
                "STATE_MACHINE_ARN": self._machine.state_machine_arn,
                **{name: queue.queue_url for name, queue in queues.items()},
            },
            dead_letters=self.unreconciled,
        )
        role = function.role
        places = [(storage.uploads, prefix) for prefix in _QUARANTINE]
        places += [(storage.work, f"{each}/") for each in ("generations", "results", "failures")]
        for bucket, prefix in places:
            access.allow_objects(role, bucket, prefix, "s3:GetObject")  # HeadObject
        access.allow_executions(role, self._machine, "states:DescribeExecution")
        access.allow(role, [queue.queue_arn for queue in queues.values()], "sqs:SendMessage")
        events.Rule(
            self,
            "Reconcile",
            description="Look for what got lost",
            schedule=events.Schedule.rate(Duration.minutes(self._settings.reconcile_minutes)),
            targets=[
                targets.LambdaFunction(function.function, dead_letter_queue=self.unreconciled)
            ],
        )
        return function
