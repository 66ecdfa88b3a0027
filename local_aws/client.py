"""How any process reaches the embedded AWS: environment variables, readiness, boto3 clients."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import boto3
from botocore.config import Config

from local_aws.settings import (
    ACCOUNT,
    ADMIN_ACCESS_KEY_ID,
    ADMIN_SECRET_ACCESS_KEY,
    DEFAULT_PORT,
    HOST,
    REGION,
)

# Path-style and SigV4, because bucket host names do not resolve on a laptop and presigned
# requests default to SigV2, which buckets with a KMS key refuse.
SDK_CONFIG = Config(
    signature_version="v4",
    s3={"addressing_style": "path"},
    proxies={},
    retries={"max_attempts": 2, "mode": "standard"},
)
_S3_CONFIG = SDK_CONFIG.merge(Config(signature_version="s3v4"))


class NotReadyError(RuntimeError):
    """The embedded AWS did not answer in time."""


def endpoint(port: int = DEFAULT_PORT) -> str:
    """Base URL of the instance on `port`."""
    return f"http://{HOST}:{port}"


def environment(port: int = DEFAULT_PORT) -> dict[str, str]:
    """Variables that point any AWS SDK or the CDK CLI at the instance, as its administrator."""
    return {
        "AWS_ENDPOINT_URL": endpoint(port),
        "AWS_ACCESS_KEY_ID": ADMIN_ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ADMIN_SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
    }


def client(
    service: str, port: int = DEFAULT_PORT, *, region: str = REGION, **credentials: str
) -> Any:
    """A boto3 client for `service`; the administrator's unless credentials are given."""
    keys = credentials or {
        "aws_access_key_id": ADMIN_ACCESS_KEY_ID,
        "aws_secret_access_key": ADMIN_SECRET_ACCESS_KEY,
    }
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint(port),
        region_name=region,
        config=_S3_CONFIG if service == "s3" else SDK_CONFIG,
        **keys,
    )


def health(port: int = DEFAULT_PORT, timeout: float = 2.0) -> dict[str, Any] | None:
    """What the instance on `port` says of itself, or None if none answers there."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint(port)}/_local/health", timeout=timeout) as answer:
            found = json.load(answer)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def wait_ready(port: int = DEFAULT_PORT, timeout: float = 30.0) -> dict[str, Any]:
    """Wait until the instance on `port` answers; returns its health document.

    Raises:
        NotReadyError: it did not within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = health(port)
        if found is not None:
            return found
        time.sleep(0.1)
    message = f"the embedded AWS did not answer on port {port} within {timeout:.0f} s"
    raise NotReadyError(message)


def control(
    path: str,
    body: dict[str, Any] | None = None,
    port: int = DEFAULT_PORT,
    method: str | None = None,
) -> Any:
    """Call a test control route (`/_local/...`): POST with a body, else GET, or `method`.

    Raises:
        ValueError: the route refused, with its reason.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        endpoint(port) + path,
        data=data,
        headers={"content-type": "application/json"},
        method=method,
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        message = f"{path}: {error.code} {error.read().decode(errors='replace')}"
        raise ValueError(message) from None
