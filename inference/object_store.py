"""S3 as the endpoint uses it: read a small object, download a file, leave a document."""

from pathlib import Path
from typing import Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from contract.s3_location import S3Location

# The role may not list: S3 then answers 403 for what is not there (S3 API reference, HeadObject).
_ABSENT = {"404", "403", "NoSuchKey", "NoSuchBucket", "NotFound", "AccessDenied", "Forbidden"}


class ObjectMissingError(Exception):
    """There is no such object."""


class StoreUnavailableError(Exception):
    """The store did not answer as it should; the message names no address."""


class ObjectStore(Protocol):
    """The port; tests use one in memory."""

    def read(self, location: S3Location, maximum_bytes: int) -> bytes:
        """The object's first bytes. Raises ObjectMissingError, StoreUnavailableError."""
        ...

    def exists(self, location: S3Location) -> bool:
        """Whether the object is there. Raises StoreUnavailableError."""
        ...

    def download(self, location: S3Location, path: Path) -> None:
        """Write an object to a file. Raises as `read`."""
        ...

    def write(self, location: S3Location, content: str) -> None:
        """Store a JSON document. Raises StoreUnavailableError."""
        ...


class S3Store:
    """S3 by boto3, which honours AWS_ENDPOINT_URL."""

    def __init__(self) -> None:
        self._s3 = boto3.client("s3")

    def read(self, location: S3Location, maximum_bytes: int) -> bytes:
        """See ObjectStore."""
        try:
            answer = self._s3.get_object(Bucket=location.bucket, Key=location.key)
            return answer["Body"].read(maximum_bytes)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from None

    def exists(self, location: S3Location) -> bool:
        """See ObjectStore."""
        try:
            self._s3.head_object(Bucket=location.bucket, Key=location.key)
        except (ClientError, BotoCoreError) as error:
            failure = _translated(error)
            if isinstance(failure, ObjectMissingError):
                return False
            raise failure from None
        return True

    def download(self, location: S3Location, path: Path) -> None:
        """See ObjectStore."""
        try:
            self._s3.download_file(location.bucket, location.key, str(path))
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from None

    def write(self, location: S3Location, content: str) -> None:
        """See ObjectStore."""
        try:
            self._s3.put_object(
                Bucket=location.bucket,
                Key=location.key,
                Body=content.encode(),
                ContentType="application/json",
            )
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from None


def _translated(error: ClientError | BotoCoreError) -> Exception:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code in _ABSENT:
        return ObjectMissingError()
    return StoreUnavailableError(code or type(error).__name__)
