"""boto3 clients of the server to itself.

The server's event loop answers these calls, so they must come from another thread; a call from
the loop itself would wait for itself for ever and is refused.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from botocore.exceptions import ClientError

from local_aws import client as _client
from local_aws.seam.errors import AwsError
from local_aws.seam.identity import Caller, authorize
from local_aws.settings import current


def _refuse_on_loop(**_: Any) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    message = "an AWS call from the server's event loop would wait for itself: use a thread"
    raise RuntimeError(message)


@functools.cache
def client(service: str) -> Any:
    """The administrator's client for `service` (cached; boto3 clients are thread-safe)."""
    made = _client.client(service, current().port)
    made.meta.events.register("before-call", _refuse_on_loop)
    return made


def read_object(caller: Caller, bucket: str, key: str, version: str | None = None) -> bytes:
    """An object's bytes, read with the caller's permission as AWS services do.

    Raises:
        AccessDenied: the caller may not `s3:GetObject` it.
        AwsError: `InvalidS3ObjectException` when there is no such object.
    """
    authorize(caller, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    extra = {"VersionId": version} if version else {}
    try:
        body: bytes = client("s3").get_object(Bucket=bucket, Key=key, **extra)["Body"].read()
    except ClientError as error:
        raise AwsError(
            "InvalidS3ObjectException",
            "Unable to get object metadata from S3. Check object key, region and/or access "
            "permissions.",
        ) from error
    return body
