"""The models bucket, as publishing a base sees it."""

from pathlib import Path
from typing import Protocol

import boto3
from botocore.exceptions import ClientError

_MIB = 1024 * 1024


class Bucket(Protocol):
    """The port; tests use one in memory."""

    def digest(self, key: str) -> str | None:
        """SHA-256 that the object was stored with, or None."""
        ...

    def read(self, key: str) -> bytes | None:
        """A small object, or None."""
        ...

    def store(self, key: str, path: Path, digest: str) -> None:
        """Upload a file and remember its SHA-256."""
        ...

    def store_text(self, key: str, text: str) -> None:
        """Upload a JSON document."""
        ...


class S3Bucket:
    """A bucket in S3; `kms_key` encrypts with that key instead of the bucket's default."""

    def __init__(self, name: str, kms_key: str | None) -> None:
        self._s3 = boto3.client("s3")
        self._name = name
        self._encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        )

    def digest(self, key: str) -> str | None:
        """See Bucket."""
        try:
            return self._s3.head_object(Bucket=self._name, Key=key)["Metadata"].get("sha256")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise

    def read(self, key: str) -> bytes | None:
        """See Bucket."""
        try:
            return self._s3.get_object(Bucket=self._name, Key=key)["Body"].read(_MIB)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise

    def store(self, key: str, path: Path, digest: str) -> None:
        """See Bucket."""
        extra = {"Metadata": {"sha256": digest}, **self._encryption}
        self._s3.upload_file(str(path), self._name, key, ExtraArgs=extra)

    def store_text(self, key: str, text: str) -> None:
        """See Bucket."""
        self._s3.put_object(
            Bucket=self._name,
            Key=key,
            Body=text.encode(),
            ContentType="application/json",
            **self._encryption,  # type: ignore[arg-type]
        )
