"""Stack ``inference``: the endpoints of each base model, and the results of them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from infra import access, bundling
from infra.bytecode import python_in
from infra.containers import allow_container, image_uri
from infra.endpoint import AsyncEndpoint
from infra.functions import FunctionSpec, ServiceFunction
from infra.painting import Painting
from infra.queues import WorkQueue
from infra.scaling import ScaleToZero
from infra.text_screening import allow_screening

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import EnvironmentSettings, HostedModelSettings, ServedBase
    from infra.storage import StorageStack

_RESULTS = FunctionSpec(
    "lambdas.events.results.handler",
    bundle="provenance",
    memory=1769,  # one whole vCPU: images are decoded, marked and encoded
    timeout_seconds=120,
)

# The Hugging Face containers run the multi-model server with limits of a web service. These lift
# it to those of asynchronous inference: an hour for one invocation, and the pixels that a request
# may ask for (domain.generation.max_output_pixels), 67 MB of base64 at the worst.
_INVOCATION_SECONDS = 3600
_BODY_BYTES = 100 * 1024 * 1024


class InferenceStack(Stack):
    """Endpoints, scaling, topics, and the function that looks at every image first."""

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
        self._key = kms.Key.from_key_arn(self, "DataKey", storage.key.key_arn)
        bases = settings.served_bases
        images = [
            image_uri("inference", settings.region, base.endpoint.instance_types[0])
            for base in bases
        ]
        bundle = bundling.serving_code(
            settings.code.vendor_wheels,
            # On a laptop the container is a process of this Python, which keeps what it compiled.
            python=None if settings.is_local else python_in(images[0]),
        )
        code = assets.Asset(self, "Code", path=str(bundle))
        success, error = self._topic("Success"), self._topic("Error")
        role = self._serving_role(images, code, success, error)
        # Those of the default base model first.
        self.endpoints: list[AsyncEndpoint] = []
        for base, image in zip(bases, images, strict=True):
            of_base = f"-{base.model.id}" if self.endpoints else ""
            for number in range(1, base.endpoint.count + 1):
                first = number == 1
                endpoint = AsyncEndpoint(
                    self,
                    base=base,
                    # An underline is in no id of a base model.
                    suffix=of_base if first else f"{of_base}_{number}",
                    label=base.model.id if first else f"{base.model.id}, {number}",
                    image=image,
                    role=role,
                    environment=self._container_environment(code, base),
                    models=storage.models,
                    work=storage.work,
                    key=self._key,
                    success=success,
                    error=error,
                )
                self._scale(endpoint, base)
                self.endpoints.append(endpoint)
        self.results = WorkQueue(
            self, "Results", settings=settings, key=self._key, handling=_RESULTS.timeout
        )
        for topic in (success, error):
            topic.add_subscription(
                subscriptions.SqsSubscription(
                    self.results.queue, dead_letter_queue=self.results.dead_letters
                )
            )
        self.functions = [self._results_function()]
        self.painting = self._painting(settings.hosted_model) if settings.hosted_model else None
        if self.painting:
            self.functions.append(self.painting.function)

    def _scale(self, endpoint: AsyncEndpoint, base: ServedBase) -> None:
        suffix = endpoint.suffix
        scaling = ScaleToZero(self, f"Scaling{suffix}", settings=base.endpoint, endpoint=endpoint)
        CfnOutput(self, f"EndpointName{suffix}", value=endpoint.name)
        CfnOutput(self, f"ScalableTargetId{suffix}", value=scaling.target.ref)

    def _painting(self, hosted: HostedModelSettings) -> Painting:
        return Painting(
            self,
            "Painting",
            settings=self._settings,
            hosted=hosted,
            storage=self._storage,
            key=self._key,
            results=self.results.queue,
        )

    def _topic(self, name: str) -> sns.Topic:
        return sns.Topic(self, name, master_key=self._key, enforce_ssl=True)

    def _container_environment(self, code: assets.Asset, base: ServedBase) -> dict[str, str]:
        storage = self._storage
        # What a worker prints reaches the log behind a prefix of the model server's, so metrics go
        # to the standard output of the container's first process. A process on a laptop has none.
        metrics = {} if self._settings.is_local else {"METRICS_FILE": "/proc/1/fd/1"}
        return {
            "SERVING_CODE_URI": code.s3_object_url,
            "ADAPTER_PREFIX_URI": storage.models.s3_url_for_object("adapters/"),
            "WORK_PREFIX_URI": storage.work.s3_url_for_object("generations/"),
            "BASE_MODEL_ID": base.model.id,
            "PRECISION": base.model.precision,
            "ADAPTER_CACHE_BYTES": str(base.endpoint.adapter_cache_gb * 1024**3),
            "ADAPTER_HOST_BYTES": str(int(base.endpoint.adapter_host_gb * 1024**3)),
            "ADAPTER_DEVICE_BYTES": str(int(base.endpoint.adapter_device_gb * 1024**3)),
            "COMPILE_BLOCKS": str(int(base.endpoint.compile_blocks)),
            "ADAPTER_SWEEP_SECONDS": str(base.endpoint.adapter_sweep_seconds),
            "SAGEMAKER_MODEL_SERVER_WORKERS": "1",  # one process owns the GPU
            "SAGEMAKER_MODEL_SERVER_TIMEOUT": str(_INVOCATION_SECONDS),
            "MMS_DEFAULT_RESPONSE_TIMEOUT": str(_INVOCATION_SECONDS),
            "MMS_MAX_REQUEST_SIZE": str(_BODY_BYTES),
            "MMS_MAX_RESPONSE_SIZE": str(_BODY_BYTES),
            **metrics,
        }

    def _serving_role(
        self, images: list[str], code: assets.Asset, success: sns.Topic, error: sns.Topic
    ) -> iam.Role:
        storage = self._storage
        role = iam.Role(
            self, "ServingRole", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")
        )
        allow_container(
            role, images=images, code=code, key=self._key, log_group="/aws/sagemaker/Endpoints/*"
        )
        for prefix in ("base/", "adapters/"):
            access.allow_objects(role, storage.models, prefix, "s3:GetObject")
        # SageMaker lists a base model's prefix; an adapter is fetched by its name.
        access.allow_listing(role, storage.models, "base/")
        access.allow_objects(role, storage.work, "generations/", "s3:GetObject")
        access.allow_objects(role, storage.work, "generations/*/progress.json", "s3:PutObject")
        # What SageMaker itself does in the role's name around an asynchronous invocation.
        for prefix in ("results/", "failures/"):
            access.allow_objects(
                role, storage.work, prefix, "s3:PutObject", "s3:AbortMultipartUpload"
            )
            # SageMaker is given these folders without the slash, and may list them so.
            access.allow_listing(role, storage.work, prefix.removesuffix("/"))
        access.allow(role, [success.topic_arn, error.topic_arn], "sns:Publish")
        return role

    def _results_function(self) -> ServiceFunction:
        storage = self._storage
        function = ServiceFunction(
            self,
            "ResultsHandler",
            spec=_RESULTS,
            settings=self._settings,
            key=self._key,
            records=storage.table,
            environment={
                "WORK_BUCKET": storage.work.bucket_name,
                "AVATARS_BUCKET": storage.avatars.bucket_name,
                "PHOTOS_BUCKET": storage.photos.bucket_name,
                **storage.provenance.to_mark(),
            },
        )
        storage.provenance.allow_marking(function.role)
        for prefix in ("results/", "failures/"):
            access.allow_objects(
                function.role, storage.work, prefix, "s3:GetObject", "s3:DeleteObject"
            )
        # What is withheld waits there for a moderator.
        access.allow_objects(
            function.role, storage.work, "reviews/", "s3:PutObject", "s3:DeleteObject"
        )
        # Delete: a generation may be cancelled while its images are being screened.
        access.allow_objects(function.role, storage.avatars, "", "s3:PutObject", "s3:DeleteObject")
        # Images of a person are compared with one of their photos.
        access.allow_objects(function.role, storage.photos, "", "s3:GetObject")
        reading = ("rekognition:DetectText",) if self._settings.reads_image_text else ()
        access.allow_anywhere(
            function.role,
            "Rekognition screens bytes and X-Ray takes traces: neither knows a resource",
            "rekognition:CompareFaces",
            "rekognition:DetectFaces",
            "rekognition:DetectModerationLabels",
            "rekognition:RecognizeCelebrities",
            *reading,
        )
        if self._settings.reads_image_text:
            allow_screening(function.role, self._settings)
        # Images are large: few at a time, so that one visit stays within its time.
        function.consume(self.results, batch_size=2)
        return function
