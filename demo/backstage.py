"""Behind the API of the embedded AWS: what a client cannot see, and a demonstration should show."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import requests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from demo.outputs import Outputs


@dataclass(frozen=True)
class Backstage:
    """The operator's view: processes, stores, and the switches of the moderation double."""

    aws: Mapping[str, str]
    outputs: Outputs
    folder: Path | None = None  # where the embedded SageMaker works

    @property
    def endpoint(self) -> str:
        """Base URL of the embedded AWS."""
        return self.aws["AWS_ENDPOINT_URL"]

    def client(self, service: str) -> Any:
        """A boto3 client with the operator's credentials."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name=self.aws["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.aws["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.aws["AWS_SECRET_ACCESS_KEY"],
        )

    def processes(self, kind: str) -> list[dict[str, Any]]:
        """Live processes of one kind, `training` or `serving`."""
        found: list[dict[str, Any]] = requests.get(
            f"{self.endpoint}/_local/processes", timeout=10
        ).json()["processes"]
        return [process for process in found if process["kind"] == kind]

    def wait_for_serving(self, wanted: bool, seconds: float) -> float:
        """Wait until serving processes exist (or none does); the seconds that it took."""
        started = time.monotonic()
        while bool(self.processes("serving")) is not wanted:
            if time.monotonic() - started > seconds:
                state = "none was started" if wanted else "some are still there"
                raise TimeoutError(f"serving processes: {state} after {seconds:.0f} s")
            time.sleep(0.2)
        return time.monotonic() - started

    def withhold_next_image(self) -> None:
        """Make the moderation double find explicit content in the next generated image.

        The real service would need a really unsafe picture for that; nobody wants to make one.
        """
        rule: dict[str, Any] = {
            "operation": "DetectModerationLabels",
            "count": 1,
            "labels": [{"Name": "Explicit Nudity", "Confidence": 99.0}],
        }
        requests.post(
            f"{self.endpoint}/_local/rekognition/verdicts", json=rule, timeout=10
        ).raise_for_status()

    def receipt_key(self) -> bytes:
        """The public half of the key that signs receipts, DER."""
        key = self.outputs.ReceiptKeyArn
        public: bytes = self.client("kms").get_public_key(KeyId=key)["PublicKey"]
        return public

    def make_moderator(self, email: str) -> None:
        """Put somebody into the group; who signs in from then on may review."""
        self.client("cognito-idp").admin_add_user_to_group(
            UserPoolId=self.outputs.UserPoolId, Username=email, GroupName="moderators"
        )

    def traces(self, ids: set[str]) -> dict[str, list[str]]:
        """Where any of the ids still stands, store by store: object keys and texts, table items.

        All object versions count, delete markers too; a store with an empty list is clean.
        """
        found: dict[str, list[str]] = {}
        s3 = self.client("s3")
        for name, bucket in self.outputs.data_buckets.items():
            found[f"bucket {name}"] = [
                key for key in _keys(s3, bucket) if _mentions(key + _text(s3, bucket, key), ids)
            ]
        dynamodb = self.client("dynamodb")
        tables = {
            "records": self.outputs.TableName,
            "idempotency": self.outputs.IdempotencyTableName,
        }
        for name, table in tables.items():
            pages = dynamodb.get_paginator("scan").paginate(TableName=table)
            items = [json.dumps(item, default=str) for page in pages for item in page["Items"]]
            found[f"table {name}"] = [item[:120] for item in items if _mentions(item, ids)]
        return found


def _mentions(text: str, ids: set[str]) -> bool:
    return any(one in text for one in ids)


def _keys(s3: Any, bucket: str) -> list[str]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return [
        version["Key"]
        for page in pages
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    ]


def _text(s3: Any, bucket: str, key: str) -> str:
    """The object's text when it is a document; pictures and weights carry no ids."""
    if not key.endswith((".json", ".manifest", ".out")):
        return ""
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:  # erased since it was listed
        return ""
    return body.decode(errors="replace")
