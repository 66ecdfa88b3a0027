"""Stack ``api``: the REST API, what answers it, and what happens after an answer was given.

After an answer: uploads are looked at (``intake``), deleted things are erased (``erasure``), and
what got lost on the way is found (``reconciler``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import ArnFormat, CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms

from infra import access
from infra.acknowledgements import acknowledge_wildcard, as_imported, as_written
from infra.firewall import Firewall
from infra.functions import FunctionSpec, ServiceFunction
from infra.queues import DeadLetterQueue, WorkQueue
from infra.rest_api import STAGE, AvatarApi
from infra.routes import IMAGE_PATH
from infra.tables import OWNER_INDEX, STATE_INDEX

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from infra.identity import IdentityStack
    from infra.inference import InferenceStack
    from infra.settings import EnvironmentSettings
    from infra.storage import StorageStack
    from infra.training import TrainingStack

_CATALOGUE = FunctionSpec("lambdas.api.catalogue.handler")
_SUBJECTS = FunctionSpec("lambdas.api.subjects.handler", memory=1024)
_TRAININGS = FunctionSpec("lambdas.api.trainings.handler", memory=1024)
_GENERATIONS = FunctionSpec("lambdas.api.generations.handler", memory=1024)
_INTAKE = FunctionSpec(
    "lambdas.events.intake.handler",
    bundle="media",
    memory=1769,  # one whole vCPU: photos are decoded and encoded
    timeout_seconds=60,
)
_ERASURE = FunctionSpec("lambdas.events.erasure.handler", timeout_seconds=300)
_RECONCILER = FunctionSpec("lambdas.events.reconciler.handler", timeout_seconds=120)


class ApiStack(Stack):
    """Routes → functions → queues → functions; each function with exactly its own permissions."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        storage: StorageStack,
        identity: IdentityStack,
        training: TrainingStack,
        inference: InferenceStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        self._storage = storage
        self._machine = training.state_machine
        self._endpoint = inference.endpoint
        self._key = kms.Key.from_key_arn(self, "DataKey", storage.key.key_arn)
        self.intake = self._queue("Intake", _INTAKE)
        self.erasure = self._queue("Erasure", _ERASURE)
        self.reconciler_dead_letters = DeadLetterQueue(
            self, "ReconcilerDeadLetters", settings=settings, key=self._key
        ).queue
        answering = {
            "catalogue": self._catalogue(),
            "subjects": self._subjects(),
            "trainings": self._trainings(),
            "generations": self._generations(),
        }
        self.functions = [
            *answering.values(),
            self._intake(),
            self._erase(),
            self._reconcile(),
        ]
        self.rest = AvatarApi(
            self,
            "Rest",
            settings=settings,
            key=self._key,
            user_pool=identity.user_pool,
            functions={name: each.function for name, each in answering.items()},
        )
        self.firewall = Firewall(
            self,
            "Firewall",
            settings=settings,
            key=self._key,
            stage_arn=self.rest.stage.stage_arn,
            image_path=f"/{STAGE}{IMAGE_PATH}",
        )
        CfnOutput(self, "ApiUrl", value=self.rest.api.url)
        CfnOutput(self, "ApiId", value=self.rest.api.rest_api_id)

    def _queue(self, name: str, spec: FunctionSpec) -> WorkQueue:
        return WorkQueue(
            self,
            name,
            settings=self._settings,
            key=self._key,
            handling=spec.timeout,
        )

    def _function(
        self,
        construct_id: str,
        spec: FunctionSpec,
        environment: dict[str, str],
        **options: Any,
    ) -> ServiceFunction:
        return ServiceFunction(
            self,
            construct_id,
            spec=spec,
            settings=self._settings,
            key=self._key,
            environment=environment,
            **options,
        )

    def _recording(
        self, construct_id: str, spec: FunctionSpec, environment: dict[str, str], **options: Any
    ) -> ServiceFunction:
        """A function that reads and writes the records."""
        named = {"TABLE_NAME": self._storage.table.table_name, **environment}
        function = self._function(construct_id, spec, named, **options)
        access.allow_items(function.role, self._storage.table, OWNER_INDEX, STATE_INDEX)
        return function

    def _answering(
        self, construct_id: str, spec: FunctionSpec, environment: dict[str, str]
    ) -> ServiceFunction:
        """A function that answers POSTs: it keeps their answers for a replay."""
        idempotency = self._storage.idempotency
        named = {"IDEMPOTENCY_TABLE_NAME": idempotency.table_name, **environment}
        function = self._recording(construct_id, spec, named)
        access.allow_idempotency(function.role, idempotency)
        return function

    def _catalogue(self) -> ServiceFunction:
        return self._function("Catalogue", _CATALOGUE, {}, encrypted_data=False)

    def _subjects(self) -> ServiceFunction:
        storage = self._storage
        function = self._answering(
            "Subjects",
            _SUBJECTS,
            {
                "UPLOADS_BUCKET": storage.uploads.bucket_name,
                "PHOTOS_BUCKET": storage.photos.bucket_name,
                "ERASURE_QUEUE_URL": self.erasure.queue.queue_url,
            },
        )
        # A presigned POST or GET may do what its signer may do.
        access.allow_objects(function.role, storage.uploads, "photos/", "s3:PutObject")
        access.allow_objects(function.role, storage.photos, "", "s3:GetObject")
        access.allow(function.role, self.erasure.queue.queue_arn, "sqs:SendMessage")
        return function

    def _trainings(self) -> ServiceFunction:
        storage = self._storage
        function = self._answering(
            "Trainings",
            _TRAININGS,
            {
                "WORK_BUCKET": storage.work.bucket_name,
                "STATE_MACHINE_ARN": self._machine.state_machine_arn,
            },
        )
        access.allow_objects(function.role, storage.work, "trainings/", "s3:GetObject")
        access.allow(function.role, self._machine.state_machine_arn, "states:StartExecution")
        self._allow_executions(function.role, "states:StopExecution")
        return function

    def _generations(self) -> ServiceFunction:
        storage = self._storage
        function = self._answering(
            "Generations",
            _GENERATIONS,
            {
                "WORK_BUCKET": storage.work.bucket_name,
                "MODELS_BUCKET": storage.models.bucket_name,
                "AVATARS_BUCKET": storage.avatars.bucket_name,
                "ENDPOINT_NAME": self._endpoint.name,
                "ERASURE_QUEUE_URL": self.erasure.queue.queue_url,
            },
        )
        role = function.role
        access.allow_objects(role, storage.work, "generations/", "s3:GetObject", "s3:PutObject")
        access.allow_objects(role, storage.avatars, "", "s3:GetObject")
        access.allow(
            role,
            self._endpoint.arn,
            "sagemaker:InvokeEndpointAsync",
            "sagemaker:DescribeEndpoint",
        )
        access.allow_anywhere(
            role,
            "Comprehend screens text and X-Ray takes traces: neither knows a resource",
            "comprehend:DetectToxicContent",
        )
        access.allow(role, self.erasure.queue.queue_arn, "sqs:SendMessage")
        return function

    def _intake(self) -> ServiceFunction:
        storage = self._storage
        function = self._recording(
            "IntakeHandler",
            _INTAKE,
            {
                "UPLOADS_BUCKET": storage.uploads.bucket_name,
                "PHOTOS_BUCKET": storage.photos.bucket_name,
            },
        )
        role = function.role
        access.allow_objects(role, storage.uploads, "photos/", "s3:GetObject", "s3:DeleteObject")
        access.allow_objects(role, storage.photos, "", "s3:PutObject")
        access.allow_anywhere(
            role,
            "Rekognition looks at bytes and X-Ray takes traces: neither knows a resource",
            "rekognition:DetectFaces",
            "rekognition:DetectModerationLabels",
        )
        function.consume(self.intake, batch_size=5)
        events.Rule(
            self,
            "Uploaded",
            description="A photo arrived in quarantine",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [storage.uploads.bucket_name]},
                    "object": {"key": [{"prefix": "photos/"}]},
                },
            ),
            targets=[targets.SqsQueue(self.intake.queue)],
        )
        return function

    def _erase(self) -> ServiceFunction:
        storage = self._storage
        holding_user_data = {
            "UPLOADS_BUCKET": (storage.uploads, "photos/"),
            "PHOTOS_BUCKET": (storage.photos, ""),
            "MODELS_BUCKET": (storage.models, "adapters/"),
            "WORK_BUCKET": (storage.work, ""),
            "AVATARS_BUCKET": (storage.avatars, ""),
        }
        function = self._recording(
            "ErasureHandler",
            _ERASURE,
            {
                **{name: bucket.bucket_name for name, (bucket, _) in holding_user_data.items()},
                "IDEMPOTENCY_TABLE_NAME": storage.idempotency.table_name,
                "STATE_MACHINE_ARN": self._machine.state_machine_arn,
            },
        )
        role = function.role
        for bucket, prefix in holding_user_data.values():
            access.allow_listing(role, bucket, prefix, versions=True)
            access.allow_objects(role, bucket, prefix, "s3:DeleteObject", "s3:DeleteObjectVersion")
        access.allow(role, storage.idempotency.table_arn, "dynamodb:DeleteItem")
        self._allow_executions(role, "states:StopExecution")
        function.consume(self.erasure, batch_size=1)
        return function

    def _reconcile(self) -> ServiceFunction:
        storage = self._storage
        function = self._recording(
            "ReconcilerHandler",
            _RECONCILER,
            {
                "UPLOADS_BUCKET": storage.uploads.bucket_name,
                "WORK_BUCKET": storage.work.bucket_name,
                "STATE_MACHINE_ARN": self._machine.state_machine_arn,
                "INTAKE_QUEUE_URL": self.intake.queue.queue_url,
                "ERASURE_QUEUE_URL": self.erasure.queue.queue_url,
            },
            dead_letters=self.reconciler_dead_letters,
        )
        role = function.role
        for bucket, prefix in (
            (storage.uploads, "photos/"),
            (storage.work, "trainings/"),
            (storage.work, "generations/"),
            (storage.work, "results/"),
            (storage.work, "failures/"),
        ):
            access.allow_listing(role, bucket, prefix)
            access.allow_objects(role, bucket, prefix, "s3:GetObject")  # HeadObject
        self._allow_executions(role, "states:DescribeExecution")
        access.allow(
            role, [self.intake.queue.queue_arn, self.erasure.queue.queue_arn], "sqs:SendMessage"
        )
        events.Rule(
            self,
            "Reconcile",
            description="Look for what got lost",
            schedule=events.Schedule.rate(Duration.minutes(self._settings.reconcile_minutes)),
            targets=[
                targets.LambdaFunction(
                    function.function, dead_letter_queue=self.reconciler_dead_letters
                )
            ],
        )
        return function

    def _allow_executions(self, role: iam.IRole, action: str) -> None:
        """``action`` on executions of the training state machine, named after trainings."""
        machine = self._machine
        owner = as_imported(machine, machine.state_machine_name)
        for name, write in ((machine.state_machine_name, True), (owner, False)):
            arn = self.format_arn(
                service="states",
                resource="execution",
                resource_name=f"{name}:*",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            if write:
                access.allow(role, arn, action)
            else:
                acknowledge_wildcard(
                    role, as_written(self, arn), "Executions of one machine, named at run time"
                )
