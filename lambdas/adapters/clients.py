"""boto3 clients: made when first used, once per process, with time-outs that fit a function's.

`standard` retries (botocore "Retries"): three attempts with back-off, on throttling and on
connection errors.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_comprehend import ComprehendClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

_CONNECT_SECONDS = 2
_READ_SECONDS = 8
_ATTEMPTS = 3


def _config(**more: object) -> Config:
    from botocore.config import Config

    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        **more,  # type: ignore[arg-type]
    )


@cache
def dynamodb() -> DynamoDBClient:
    """DynamoDB."""
    import boto3

    return boto3.client("dynamodb", config=_config())


@cache
def s3() -> S3Client:
    """S3, signing with version 4: KMS-encrypted objects refuse the older one.

    Presigned addresses must name the region's own host (boto3 would sign for the global one, which
    redirects); an endpoint given by hand is an IP address, where only path style works.
    """
    import boto3

    local = "AWS_ENDPOINT_URL" in os.environ or "AWS_ENDPOINT_URL_S3" in os.environ
    style = "path" if local else "virtual"
    return boto3.client(
        "s3", config=_config(signature_version="s3v4", s3={"addressing_style": style})
    )


@cache
def sqs() -> SQSClient:
    """SQS."""
    import boto3

    return boto3.client("sqs", config=_config())


@cache
def rekognition() -> RekognitionClient:
    """Rekognition."""
    import boto3

    return boto3.client("rekognition", config=_config())


@cache
def comprehend() -> ComprehendClient:
    """Comprehend."""
    import boto3

    return boto3.client("comprehend", config=_config())


@cache
def stepfunctions() -> SFNClient:
    """Step Functions."""
    import boto3

    return boto3.client("stepfunctions", config=_config())


@cache
def sagemaker() -> SageMakerClient:
    """SageMaker's control plane."""
    import boto3

    return boto3.client("sagemaker", config=_config())


@cache
def sagemaker_runtime() -> SageMakerRuntimeClient:
    """SageMaker's invocations."""
    import boto3

    return boto3.client("sagemaker-runtime", config=_config())
