"""The real ports, from the environment. Each is made when first asked for, once per process.

Handlers take ports as parameters; only their module-level `handler` comes here.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from lambdas import environment
from lambdas.adapters.system_clock import SystemClock

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

    from lambdas.adapters.content_credentials import CredentialsReading, CredentialsSigning
    from lambdas.adapters.watermarking import Watermarking
    from lambdas.domain.text_screening import TextScreening
    from lambdas.ports import (
        Clock,
        GenerationBackend,
        HostedImages,
        IdempotencyRecords,
        ImageMarking,
        ImageModeration,
        ObjectStore,
        Postponement,
        Queue,
        ReceiptSigner,
        SignIns,
        Table,
        TrainingJobs,
        TrainingRunner,
    )
    from lambdas.release import Release
    from lambdas.source_examination import SourceExamination


@cache
def clock() -> Clock:
    """The machine's clock."""
    return SystemClock()


@cache
def table() -> Table:
    """The records."""
    from lambdas.adapters import clients
    from lambdas.adapters.dynamodb_table import DynamoDBTable

    return DynamoDBTable(clients.dynamodb(), environment.current().need("TABLE_NAME"))


@cache
def audited_table() -> Table:
    """The records, for whom the audit log is kept: one transaction may write both."""
    from lambdas.adapters import clients
    from lambdas.adapters.dynamodb_table import DynamoDBTable

    names = environment.current()
    return DynamoDBTable(
        clients.dynamodb(), names.need("TABLE_NAME"), audit_log=names.need("AUDIT_TABLE_NAME")
    )


@cache
def audit_log() -> Table:
    """The audit log, to read."""
    from lambdas.adapters import clients
    from lambdas.adapters.dynamodb_table import DynamoDBTable

    return DynamoDBTable(clients.dynamodb(), environment.current().need("AUDIT_TABLE_NAME"))


@cache
def bucket(variable: str) -> ObjectStore:
    """The bucket that an environment variable names, e.g. `PHOTOS_BUCKET`."""
    from lambdas.adapters import clients
    from lambdas.adapters.s3_store import S3Store

    return S3Store(clients.s3, environment.current().need(variable))


@cache
def queue(variable: str) -> Queue:
    """The queue whose URL an environment variable holds, e.g. `ERASURE_QUEUE_URL`."""
    from lambdas.adapters import clients
    from lambdas.adapters.sqs_queue import SQSQueue

    return SQSQueue(clients.sqs, environment.current().need(variable))


@cache
def postponement() -> Postponement:
    """When messages that failed come back."""
    from lambdas.adapters import clients
    from lambdas.adapters.sqs_queue import SQSPostponement

    return SQSPostponement(clients.sqs)


@cache
def image_moderation() -> ImageModeration:
    """Rekognition."""
    from lambdas.adapters import clients
    from lambdas.adapters.moderation import RekognitionModeration

    return RekognitionModeration(clients.rekognition)


@cache
def source_examination() -> SourceExamination:
    """The look at pictures inside a request; its caller waits, so Rekognition is not for long."""
    from lambdas.adapters import clients
    from lambdas.adapters.moderation import RekognitionModeration
    from lambdas.source_examination import SourceExamination

    settings = environment.current().settings()
    return SourceExamination(settings, RekognitionModeration(clients.rekognition_while_waiting))


@cache
def watermarking() -> Watermarking:
    """The watermark, under the deployment's key."""
    from lambdas.adapters import clients
    from lambdas.adapters.watermarking import Watermarking, key_from

    key_arn = environment.current().need("WATERMARK_KEY_ARN")
    return Watermarking(key_from(clients.kms, key_arn))


@cache
def credentials_reading() -> CredentialsReading:
    """Content credentials of this deployment, read."""
    from lambdas.adapters import clients
    from lambdas.adapters.content_credentials import Certificates, CredentialsReading

    parameter = environment.current().need("CERTIFICATES_PARAMETER")
    return CredentialsReading(Certificates(clients.ssm, parameter))


@cache
def credentials_signing() -> CredentialsSigning:
    """Content credentials, made under the deployment's signing key and its certificates."""
    from lambdas.adapters import clients
    from lambdas.adapters.content_credentials import (
        Certificates,
        CredentialsSigning,
        signing_with,
    )

    here = environment.current()
    certificates = Certificates(clients.ssm, here.need("CERTIFICATES_PARAMETER"))
    sign = signing_with(clients.kms, here.need("SIGNING_KEY_ARN"))
    return CredentialsSigning(certificates, sign, clock())


@cache
def release() -> Release:
    """The way out of quarantine, with the marks that the settings want."""
    from lambdas.release import Release

    settings = environment.current().settings()
    markings: list[ImageMarking] = []
    if settings.provenance.watermark:
        markings.append(watermarking())
    if settings.provenance.content_credentials:
        markings.append(credentials_signing())
    return Release(settings, table(), clock(), bucket("AVATARS_BUCKET"), tuple(markings))


@cache
def text_screening() -> TextScreening:
    """Comprehend, with Translate and a Bedrock Guardrail where the settings want them."""
    from lambdas.adapters import clients
    from lambdas.adapters import text_moderation as adapters
    from lambdas.domain.text_screening import TextScreening

    settings = environment.current().settings().moderation.prompts
    guardrail = settings.guardrail
    return TextScreening(
        settings,
        adapters.ComprehendModeration(clients.comprehend),
        adapters.TranslateTranslation(clients.translate)
        if settings.other_languages == "translate"
        else None,
        adapters.BedrockGuardrail(clients.bedrock_runtime, guardrail.id, guardrail.version)
        if guardrail
        else None,
    )


@cache
def training_runner() -> TrainingRunner:
    """The training state machine."""
    from lambdas.adapters import clients
    from lambdas.adapters.stepfunctions_runner import StepFunctionsRunner

    arn = environment.current().need("STATE_MACHINE_ARN")
    return StepFunctionsRunner(clients.stepfunctions, arn)


@cache
def training_jobs() -> TrainingJobs:
    """The training jobs."""
    from lambdas.adapters import clients
    from lambdas.adapters.sagemaker_jobs import SageMakerJobs

    return SageMakerJobs(clients.sagemaker)


@cache
def endpoints_of(base_model: str) -> tuple[str, ...]:
    """The names of the endpoints that serve a base model."""
    return environment.current().endpoints_of(base_model)


@cache
def generation_backend(name: str) -> GenerationBackend:
    """The endpoint of that name."""
    from lambdas.adapters import clients
    from lambdas.adapters.sagemaker_endpoint import SageMakerEndpoint

    return SageMakerEndpoint(clients.sagemaker_runtime, clients.sagemaker, name)


@cache
def painting_backend() -> GenerationBackend | None:
    """The queue of painting, where a hosted model draws what has no subject."""
    from lambdas.adapters.painting_queue import PaintingQueue

    if environment.current().settings().generation.hosted is None:
        return None
    return PaintingQueue(queue("PAINTING_QUEUE_URL"))


@cache
def hosted_images(region: str) -> HostedImages:
    """Bedrock's image models."""
    from lambdas.adapters import clients
    from lambdas.adapters.bedrock_images import BedrockImages

    return BedrockImages(partial(clients.bedrock_images, region))


@cache
def persistence() -> BasePersistenceLayer:
    """Where Powertools keeps the answers to requests with an Idempotency-Key."""
    from lambdas.adapters import clients
    from lambdas.adapters.idempotency_table import persistence as make

    return make(clients.dynamodb(), environment.current().need("IDEMPOTENCY_TABLE_NAME"))


@cache
def idempotency_records() -> IdempotencyRecords:
    """The same answers, for erasure."""
    from lambdas.adapters import clients
    from lambdas.adapters.idempotency_table import IdempotencyTable

    name = environment.current().need("IDEMPOTENCY_TABLE_NAME")
    return IdempotencyTable(clients.dynamodb(), name)


@cache
def sign_ins() -> SignIns:
    """The user pool."""
    from lambdas.adapters import clients
    from lambdas.adapters.cognito_sign_ins import CognitoSignIns

    return CognitoSignIns(clients.cognito, environment.current().need("USER_POOL_ID"))


@cache
def receipt_signer() -> ReceiptSigner:
    """The key that signs receipts of erasures."""
    from lambdas.adapters import clients
    from lambdas.adapters.kms_receipt_signer import KMSReceiptSigner

    return KMSReceiptSigner(clients.kms, environment.current().need("RECEIPT_KEY_ARN"))
