"""The engines' ports, joined to the embedded AWS.

S3 and SNS are called over HTTP with a session of the execution role, so every permission is
checked where AWS checks it.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import client as sdk
from local_aws import seam
from local_aws.sagemaker.errors import StoreError, ValidationException
from local_aws.sagemaker.ports import Metric, S3Uri, StoredObject

_SERVICE = "sagemaker.amazonaws.com"
_SESSION = "SageMaker"
NAMESPACE = "AWS/SageMaker"
_CHUNK = 1 << 20


P = ParamSpec("P")
R = TypeVar("R")


def _translated(call: Callable[P, R]) -> Callable[P, R]:
    """Raise what S3 and SNS refuse as StoreError."""

    @functools.wraps(call)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except ClientError as error:
            found = error.response.get("Error", {})
            raise StoreError(
                str(found.get("Code", "Unknown")), str(found.get("Message", error))
            ) from error
        except BotoCoreError as error:
            raise StoreError("Unavailable", str(error)) from error
        except seam.AwsError as error:
            raise StoreError(error.code, error.message) from error

    return wrapper


class RoleStore:
    """S3 as one role sees it."""

    def __init__(self, s3: Any, role_arn: str) -> None:
        self._s3 = s3
        self._role_arn = role_arn

    @_translated
    def list(self, prefix: S3Uri) -> list[StoredObject]:
        """All objects whose key starts with the prefix's key."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=prefix.bucket, Prefix=prefix.key
        )
        return [
            StoredObject(S3Uri(prefix.bucket, found["Key"]), found["Size"])
            for page in pages
            for found in page.get("Contents", ())
        ]

    @_translated
    def size(self, uri: S3Uri) -> int:
        """Size of one object in bytes."""
        return int(self._s3.head_object(Bucket=uri.bucket, Key=uri.key)["ContentLength"])

    @_translated
    def read(self, uri: S3Uri) -> bytes:
        """The whole object."""
        body: bytes = self._s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read()
        return body

    @_translated
    def download(self, uri: S3Uri, path: Path) -> None:
        """Copy the object into a file; its folder exists."""
        # GetObject, not the transfer that begins with HeadObject: S3 explains a refusal only here.
        body = self._s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"]
        with path.open("wb") as file:
            shutil.copyfileobj(body, file, _CHUNK)

    @_translated
    def write(
        self, uri: S3Uri, body: bytes, *, content_type: str = "", kms_key: str | None = None
    ) -> None:
        """Put an object."""
        extra = {"ContentType": content_type} if content_type else {}
        extra |= self._encryption(kms_key)
        self._s3.put_object(Bucket=uri.bucket, Key=uri.key, Body=body, **extra)

    @_translated
    def upload(self, path: Path, uri: S3Uri, *, kms_key: str | None = None) -> None:
        """Put a file."""
        with path.open("rb") as file:
            self._s3.put_object(
                Bucket=uri.bucket, Key=uri.key, Body=file, **self._encryption(kms_key)
            )

    def _encryption(self, kms_key: str | None) -> dict[str, str]:
        if not kms_key:
            return {}
        if kms_key.startswith("arn:"):  # the emulator's S3 does not ask KMS, AWS's does
            seam.authorize(_caller(self._role_arn), "kms:GenerateDataKey", kms_key)
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}


def _caller(role_arn: str) -> seam.Caller:
    return seam.role_caller(role_arn, session_name=_SESSION, service=_SERVICE)


class EmbeddedPlatform:
    """The engines' Platform. `record` also gets every metric, for Auto Scaling."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.record: Callable[[Metric], None] = lambda _metric: None
        self._client = functools.cache(self._make_client)

    def check_role(self, role_arn: str) -> None:
        """Raise ValidationException unless SageMaker may assume the role."""
        try:
            self._session(role_arn)
        except seam.AwsError as error:
            raise ValidationException(error.message) from error

    def _session(self, role_arn: str) -> dict[str, str]:
        return seam.role_session(role_arn, session_name=_SESSION, service=_SERVICE)

    def _make_client(self, service: str, key: str, secret: str, token: str) -> Any:
        return sdk.client(
            service,
            self._port,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )

    def _role_client(self, service: str, role_arn: str) -> Any:
        keys = self._session(role_arn)
        return self._client(
            service,
            keys["AWS_ACCESS_KEY_ID"],
            keys["AWS_SECRET_ACCESS_KEY"],
            keys["AWS_SESSION_TOKEN"],
        )

    @_translated
    def store(self, role_arn: str) -> RoleStore:
        """S3 with the role's permissions."""
        return RoleStore(self._role_client("s3", role_arn), role_arn)

    def environment(self, role_arn: str) -> dict[str, str]:
        """Environment of a process that acts as the role."""
        return seam.process_environment(role_arn, session_name=_SESSION, service=_SERVICE)

    @_translated
    def publish(self, role_arn: str, topic_arn: str, message: str) -> None:
        """Publish to SNS as the role; raises StoreError when that is refused."""
        self._role_client("sns", role_arn).publish(TopicArn=topic_arn, Message=message)

    def event(
        self, detail_type: str, detail: Mapping[str, object], resources: Sequence[str]
    ) -> None:
        """Put an `aws.sagemaker` event on the default bus."""
        seam.put_aws_event("aws.sagemaker", detail_type, detail, resources)

    def metrics(self, metrics: Iterable[Metric]) -> None:
        """Publish metrics to CloudWatch and to the store that Auto Scaling reads."""
        found = list(metrics)
        for metric in found:
            self.record(metric)
        seam.put_metric(
            NAMESPACE, [seam.Datum(m.name, m.value, m.dimensions, m.unit) for m in found]
        )

    def log(self, group: str, stream: str, lines: Sequence[str]) -> None:
        """Append to CloudWatch Logs."""
        seam.put_log_events(group, stream, lines)
