"""Buckets in memory behind the few operations of an S3 client that fetching a base takes."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class MemoryS3:
    """`objects`: (bucket, key) → content; `read` counts what was given out."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.meta = SimpleNamespace(region_name=region)
        self.objects: dict[tuple[str, str], bytes] = {}
        self.downloads = 0

    @property
    def client(self) -> S3Client:
        """As its users see it."""
        return cast("S3Client", self)

    def _content(self, bucket: str, key: str) -> bytes:
        try:
            return self.objects[bucket, key]
        except KeyError:
            error: Any = {
                "Error": {"Code": "AccessDenied", "Message": ""},
                "ResponseMetadata": {"HTTPStatusCode": 403},
            }
            raise ClientError(error, "GetObject") from None

    def get_object(self, *, Bucket: str, Key: str, Range: str | None = None) -> dict[str, Any]:  # noqa: N803
        content = self._content(Bucket, Key)
        if Range is not None:
            first, last = Range.removeprefix("bytes=").split("-")
            content = content[int(first) : int(last) + 1]
        return {"Body": io.BytesIO(content), "ETag": '"tag"'}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        self._content(Bucket, Key)
        return {"ETag": '"tag"'}

    def download_file(self, bucket: str, key: str, path: str) -> None:
        self.downloads += 1
        Path(path).write_bytes(self._content(bucket, key))

    def get_paginator(self, _: str) -> SimpleNamespace:
        def paginate(*, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
            found = [
                {"Key": key, "Size": len(content)}
                for (bucket, key), content in self.objects.items()
                if bucket == Bucket and key.startswith(Prefix)
            ]
            return [{"Contents": found}] if found else [{}]

        return SimpleNamespace(paginate=paginate)
