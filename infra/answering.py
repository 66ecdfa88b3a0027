"""The functions that answer the API, one for each group of routes, each with its own rights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from constructs import Construct

from infra import access
from infra.functions import FunctionSpec, ServiceFunction
from infra.text_screening import allow_screening

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sqs as sqs
    from aws_cdk import aws_stepfunctions as sfn

    from infra.endpoint import AsyncEndpoint
    from infra.settings import EnvironmentSettings
    from infra.storage import StorageStack

_CATALOGUE = FunctionSpec("lambdas.api.catalogue.handler")
# More memory is more CPU: validation and signing are what a caller waits for.
_SUBJECTS = FunctionSpec("lambdas.api.subjects.handler", memory=1024)
_TRAININGS = FunctionSpec("lambdas.api.trainings.handler", memory=1024)
# A request may have pictures inside, which are decoded: for that a whole vCPU, and what decodes.
_GENERATIONS = FunctionSpec("lambdas.api.generations.handler", bundle="media", memory=1769)
# Reading a mark takes a second of a whole vCPU, and more in a large picture without one.
_VERIFY = FunctionSpec("lambdas.api.verify.handler", bundle="provenance", memory=1769)
# It blurs images, and releases them as the function of results does.
_REVIEWS = FunctionSpec("lambdas.api.reviews.handler", bundle="provenance", memory=1769)


class Answering(Construct):
    """``functions``: group of routes → its function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        storage: StorageStack,
        key: kms.IKey,
        machine: sfn.StateMachine,
        endpoints: Sequence[AsyncEndpoint],
        erasure: sqs.IQueue,
        intake: sqs.IQueue,
        painting: sqs.IQueue | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._storage = storage
        self._key = key
        self._erasure = erasure
        self._intake = intake
        self.functions = {
            # Reads nothing but its settings.
            "catalogue": self._function("Catalogue", _CATALOGUE, {}, encrypted_data=False),
            "subjects": self._subjects(),
            "trainings": self._trainings(machine),
            "generations": self._generations(endpoints, painting),
            "verify": self._verify(),
            "reviews": self._reviews(),
        }

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
            **options,
        )

    def _recording(
        self, construct_id: str, spec: FunctionSpec, environment: dict[str, str]
    ) -> ServiceFunction:
        storage = self._storage
        return self._function(
            construct_id, spec, environment, records=storage.table, replays=storage.idempotency
        )

    def _subjects(self) -> ServiceFunction:
        storage = self._storage
        function = self._recording(
            "Subjects",
            _SUBJECTS,
            {
                "UPLOADS_BUCKET": storage.uploads.bucket_name,
                "PHOTOS_BUCKET": storage.photos.bucket_name,
                "WORK_BUCKET": storage.work.bucket_name,
                "ERASURE_QUEUE_URL": self._erasure.queue_url,
            },
        )
        # A presigned POST or GET may do what its signer may do.
        for prefix in ("photos/", "sources/"):
            access.allow_objects(function.role, storage.uploads, prefix, "s3:PutObject")
        access.allow_objects(function.role, storage.photos, "", "s3:GetObject")
        access.allow_objects(function.role, storage.work, "sources/", "s3:GetObject")
        access.allow(function.role, self._erasure.queue_arn, "sqs:SendMessage")
        allow_screening(function.role, self._settings)
        return function

    def _trainings(self, machine: sfn.StateMachine) -> ServiceFunction:
        storage = self._storage
        function = self._recording(
            "Trainings",
            _TRAININGS,
            {
                "WORK_BUCKET": storage.work.bucket_name,
                "STATE_MACHINE_ARN": machine.state_machine_arn,
            },
        )
        access.allow_objects(function.role, storage.work, "trainings/", "s3:GetObject")
        access.allow(function.role, machine.state_machine_arn, "states:StartExecution")
        access.allow_executions(function.role, machine, "states:StopExecution")
        return function

    def _generations(
        self, endpoints: Sequence[AsyncEndpoint], painting: sqs.IQueue | None
    ) -> ServiceFunction:
        storage = self._storage
        hosted = {"PAINTING_QUEUE_URL": painting.queue_url} if painting else {}
        function = self._recording(
            "Generations",
            _GENERATIONS,
            {
                "WORK_BUCKET": storage.work.bucket_name,
                "MODELS_BUCKET": storage.models.bucket_name,
                "AVATARS_BUCKET": storage.avatars.bucket_name,
                "ENDPOINT_NAMES": _names(endpoints),
                "ERASURE_QUEUE_URL": self._erasure.queue_url,
                **hosted,
            },
        )
        role = function.role
        access.allow_objects(role, storage.work, "generations/", "s3:GetObject", "s3:PutObject")
        access.allow_objects(role, storage.work, "sources/", "s3:GetObject")
        access.allow_objects(role, storage.avatars, "", "s3:GetObject")
        access.allow_anywhere(
            role,
            "Rekognition screens bytes and X-Ray takes traces: neither knows a resource",
            "rekognition:DetectFaces",
            "rekognition:DetectModerationLabels",
            "rekognition:RecognizeCelebrities",
        )
        access.allow(
            role,
            [endpoint.arn for endpoint in endpoints],
            "sagemaker:InvokeEndpointAsync",
            "sagemaker:DescribeEndpoint",
        )
        allow_screening(role, self._settings)
        access.allow(role, self._erasure.queue_arn, "sqs:SendMessage")
        if painting:
            access.allow(role, painting.queue_arn, "sqs:SendMessage")
        return function

    def _verify(self) -> ServiceFunction:
        provenance = self._storage.provenance
        work = self._storage.work
        function = self._recording(
            "Verify", _VERIFY, {"WORK_BUCKET": work.bucket_name, **provenance.to_read()}
        )
        # It reads the watermark of uploads too.
        access.allow_objects(function.role, work, "sources/", "s3:GetObject")
        provenance.allow_reading(function.role)
        return function

    def _reviews(self) -> ServiceFunction:
        storage = self._storage
        function = self._recording(
            "Reviews",
            _REVIEWS,
            {
                "WORK_BUCKET": storage.work.bucket_name,
                "AVATARS_BUCKET": storage.avatars.bucket_name,
                "PHOTOS_BUCKET": storage.photos.bucket_name,
                "INTAKE_QUEUE_URL": self._intake.queue_url,
                "AUDIT_TABLE_NAME": storage.audit.table_name,
                **storage.provenance.to_mark(),
            },
        )
        moving = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
        access.allow_objects(function.role, storage.work, "reviews/", *moving)
        access.allow_objects(function.role, storage.avatars, "", *moving)
        # It shows photos in review, and has intake go on with those that a moderator lets pass.
        access.allow_objects(function.role, storage.photos, "", "s3:GetObject")
        access.allow(function.role, self._intake.queue_arn, "sqs:SendMessage")
        access.allow_appending(function.role, storage.audit)
        storage.provenance.allow_marking(function.role)
        return function


def _names(endpoints: Sequence[AsyncEndpoint]) -> str:
    """JSON, base model → the names of its endpoints with a space between them."""
    names: dict[str, str] = {}
    for endpoint in endpoints:
        before = names.get(endpoint.base_id)
        names[endpoint.base_id] = f"{before} {endpoint.name}" if before else endpoint.name
    return json.dumps(names)
