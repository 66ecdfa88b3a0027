"""The real ports, from the environment. Each is made when first asked for, once per process.

Handlers take ports as parameters; only their module-level `handler` comes here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from lambdas import environment
from lambdas.adapters.system_clock import SystemClock

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

    from lambdas.domain.text_screening import TextScreening
    from lambdas.ports import (
        Clock,
        GenerationBackend,
        IdempotencyRecords,
        ImageModeration,
        ObjectStore,
        Postponement,
        Queue,
        Table,
        TrainingJobs,
        TrainingRunner,
    )
    from lambdas.release import Release


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
def release() -> Release:
    """The way out of quarantine."""
    from lambdas.release import Release

    return Release(bucket("AVATARS_BUCKET"))


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
def generation_backend() -> GenerationBackend:
    """The endpoint."""
    from lambdas.adapters import clients
    from lambdas.adapters.sagemaker_endpoint import SageMakerEndpoint

    name = environment.current().need("ENDPOINT_NAME")
    return SageMakerEndpoint(clients.sagemaker_runtime, clients.sagemaker, name)


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
