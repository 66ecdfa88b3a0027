"""AWS clients: made when first used, once per process, with time-outs that fit a function's.

They are botocore's own. What boto3 adds (resources, managed transfers) is not used here, and
importing it takes a cold start longer than all of our own code.

`standard` retries (botocore "Retries"): three attempts with back-off, on throttling and on
connection errors.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_comprehend import ComprehendClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_translate import TranslateClient

_CONNECT_SECONDS = 2
_READ_SECONDS = 8
_ATTEMPTS = 3
# Several services read one text, or look at one picture, in turn, while the caller of the API waits
# (29 s at most).
_READING_SECONDS = 5
_READING_ATTEMPTS = 2
# An image takes a hosted model some ten seconds; four of them fit into a function's five minutes.
_DRAWING_SECONDS = 60


@cache
def _session() -> Session:
    from botocore.session import get_session

    return get_session()


def _client(
    service: str,
    *,
    seconds: float = _READ_SECONDS,
    attempts: int = _ATTEMPTS,
    region_name: str | None = None,
    **more: Any,
) -> Any:
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        **more,
    )
    return _session().create_client(service, config=config, region_name=region_name)


def _reading(service: str) -> Any:
    return _client(service, seconds=_READING_SECONDS, attempts=_READING_ATTEMPTS)


@cache
def dynamodb() -> DynamoDBClient:
    """DynamoDB."""
    client: DynamoDBClient = _client("dynamodb")
    return client


@cache
def s3() -> S3Client:
    """S3, signing with version 4: KMS-encrypted objects refuse the older one.

    Presigned addresses must name the region's own host (botocore would sign for the global one,
    which redirects); an endpoint given by hand is an IP address, where only path style works.
    """
    local = "AWS_ENDPOINT_URL" in os.environ or "AWS_ENDPOINT_URL_S3" in os.environ
    style = {"addressing_style": "path" if local else "virtual"}
    client: S3Client = _client("s3", signature_version="s3v4", s3=style)
    return client


@cache
def sqs() -> SQSClient:
    """SQS."""
    client: SQSClient = _client("sqs")
    return client


@cache
def rekognition() -> RekognitionClient:
    """Rekognition."""
    client: RekognitionClient = _client("rekognition")
    return client


@cache
def rekognition_while_waiting() -> RekognitionClient:
    """Rekognition, for a function whose caller waits."""
    client: RekognitionClient = _reading("rekognition")
    return client


@cache
def comprehend() -> ComprehendClient:
    """Comprehend."""
    client: ComprehendClient = _reading("comprehend")
    return client


@cache
def translate() -> TranslateClient:
    """Translate."""
    client: TranslateClient = _reading("translate")
    return client


@cache
def bedrock_runtime() -> BedrockRuntimeClient:
    """Bedrock's invocations."""
    client: BedrockRuntimeClient = _reading("bedrock-runtime")
    return client


@cache
def bedrock_images(region: str) -> BedrockRuntimeClient:
    """Bedrock's image models in a region of their own; the queue tries again, not the client."""
    client: BedrockRuntimeClient = _client(
        "bedrock-runtime", seconds=_DRAWING_SECONDS, attempts=1, region_name=region
    )
    return client


@cache
def ssm() -> SSMClient:
    """Systems Manager's parameters."""
    client: SSMClient = _client("ssm")
    return client


@cache
def stepfunctions() -> SFNClient:
    """Step Functions."""
    client: SFNClient = _client("stepfunctions")
    return client


@cache
def sagemaker() -> SageMakerClient:
    """SageMaker's control plane."""
    client: SageMakerClient = _client("sagemaker")
    return client


@cache
def sagemaker_runtime() -> SageMakerRuntimeClient:
    """SageMaker's invocations."""
    client: SageMakerRuntimeClient = _client("sagemaker-runtime")
    return client


@cache
def cognito() -> CognitoIdentityProviderClient:
    """Cognito's user pools."""
    client: CognitoIdentityProviderClient = _client("cognito-idp")
    return client


@cache
def kms() -> KMSClient:
    """KMS."""
    client: KMSClient = _client("kms")
    return client
