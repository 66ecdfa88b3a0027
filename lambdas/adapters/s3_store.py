"""The `ObjectStore` port on S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.adapters.failures import calling, code_of
from lambdas.domain.errors import Unavailable
from lambdas.ports import ObjectMissing, ObjectStore, ObjectTooLarge, StoredObject, UploadForm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# S3 API reference, DeleteObjects.
_KEYS_PER_DELETE = 1000
# Without ListBucket, S3 does not tell a missing object from a forbidden one.
_ABSENT = {"404", "403", "NoSuchKey", "NotFound", "AccessDenied", "Forbidden"}


class S3Store:
    """One bucket; `client` is called when one is first needed, and gives the same one each time."""

    def __init__(self, client: Callable[[], S3Client], bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @property
    def bucket(self) -> str:
        """Its name."""
        return self._bucket

    def upload_form(
        self, key: str, *, content_type: str, size_bytes: int, lifetime_seconds: int
    ) -> UploadForm:
        """See `ObjectStore.upload_form`; S3 itself refuses another key, type or size."""
        form = self._client().generate_presigned_post(
            self._bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[
                {"Content-Type": content_type},
                ["content-length-range", size_bytes, size_bytes],
            ],
            ExpiresIn=lifetime_seconds,
        )
        return UploadForm(form["url"], form["fields"])

    def link(self, key: str, *, lifetime_seconds: int) -> str:
        """See `ObjectStore.link`."""
        return self._client().generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": key},
            ExpiresIn=lifetime_seconds,
        )

    def read(self, key: str, *, max_bytes: int) -> bytes:
        """See `ObjectStore.read`."""
        with calling("objects"):
            try:
                answer = self._client().get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                raise _missing(error) from error
            if answer["ContentLength"] > max_bytes:
                answer["Body"].close()
                raise ObjectTooLarge(f"{answer['ContentLength']} bytes")
            return answer["Body"].read()

    def write(self, key: str, body: bytes, *, content_type: str) -> None:
        """See `ObjectStore.write`; the bucket encrypts by default."""
        with calling("objects"):
            self._client().put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type
            )

    def copy(self, source_key: str, target: ObjectStore, target_key: str) -> None:
        """See `ObjectStore.copy`; CopyObject takes objects up to 5 GB."""
        with calling("objects"):
            try:
                self._client().copy_object(
                    Bucket=target.bucket,
                    Key=target_key,
                    CopySource={"Bucket": self._bucket, "Key": source_key},
                )
            except ClientError as error:
                raise _missing(error) from error

    def exists(self, key: str) -> bool:
        """See `ObjectStore.exists`."""
        with calling("objects"):
            try:
                self._client().head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return False
                raise
        return True

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore.objects`."""
        pages = self._client().get_paginator("list_objects_v2")
        with calling("objects"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield StoredObject(entry["Key"], entry["Size"], entry["LastModified"])

    def delete(self, keys: Iterable[str]) -> None:
        """See `ObjectStore.delete`."""
        with calling("objects"):
            self._delete([{"Key": key} for key in keys])

    def count(self, prefix: str) -> int:
        """See `ObjectStore.count`."""
        pages = self._client().get_paginator("list_object_versions")
        with calling("objects"):
            return sum(
                len(page.get("Versions", [])) + len(page.get("DeleteMarkers", []))
                for page in pages.paginate(Bucket=self._bucket, Prefix=prefix)
            )

    def erase(self, prefix: str) -> int:
        """See `ObjectStore.erase`; markers go too, so nothing is left to restore."""
        pages = self._client().get_paginator("list_object_versions")
        erased = 0
        with calling("objects"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                doomed: list[ObjectIdentifierTypeDef] = [
                    {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                    for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
                ]
                self._delete(doomed)
                erased += len(doomed)
        return erased

    def _delete(self, doomed: list[ObjectIdentifierTypeDef]) -> None:
        for start in range(0, len(doomed), _KEYS_PER_DELETE):
            answer = self._client().delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": doomed[start : start + _KEYS_PER_DELETE], "Quiet": True},
            )
            if answer.get("Errors"):
                raise Unavailable("objects")


def _missing(error: ClientError) -> ObjectMissing | ClientError:
    return ObjectMissing() if code_of(error) in _ABSENT else error
