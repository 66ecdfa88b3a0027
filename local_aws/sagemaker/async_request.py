"""One asynchronous invocation, and the notification that tells how it ended."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.sagemaker.ports import S3Uri

# InvokeEndpointAsync, API reference: time to live 6 h unless given, invocation time-out 15 min
# unless given (at most 1 h).
DEFAULT_TTL_S = 21_600
DEFAULT_INVOCATION_TIMEOUT_S = 900


@dataclass(frozen=True)
class AsyncOutput:
    """AsyncInferenceConfig of an endpoint configuration."""

    output: S3Uri
    failure: S3Uri | None
    kms_key: str | None
    success_topic: str | None
    error_topic: str | None
    include_response_in: frozenset[str]
    concurrency: int

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> AsyncOutput:
        """Read AsyncInferenceConfig; raises ValueError for a path that is no S3 URI."""
        output = document["OutputConfig"]
        topics = output.get("NotificationConfig") or {}
        client = document.get("ClientConfig") or {}
        failure = output.get("S3FailurePath")
        return cls(
            output=S3Uri.parse(output["S3OutputPath"]),
            failure=S3Uri.parse(failure) if failure else None,
            kms_key=output.get("KmsKeyId"),
            success_topic=topics.get("SuccessTopic"),
            error_topic=topics.get("ErrorTopic"),
            include_response_in=frozenset(topics.get("IncludeInferenceResponseIn") or ()),
            # "If no value is provided, SageMaker chooses an optimal value": one per worker.
            concurrency=int(client.get("MaxConcurrentInvocationsPerInstance", 1)),
        )


@dataclass
class AsyncRequest:
    """A request in the backlog. `enqueued` is in AWS time, `received` in real time."""

    endpoint: str
    inference_id: str
    input: S3Uri | None
    body: bytes | None
    content_type: str
    accept: str
    custom_attributes: str
    ttl_s: int
    timeout_s: int
    output: S3Uri
    failure: S3Uri | None
    enqueued: float
    received: float = field(default_factory=time.time)
    taken: float | None = None
    attempts: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def expired(self, now: float) -> bool:
        """Whether it waited longer than its time to live."""
        return now - self.enqueued > self.ttl_s


def result_uri(folder: S3Uri, name: str | None) -> S3Uri:
    """Where a result goes: a random name as SageMaker gives it, unless the caller named it."""
    return folder.under(name or f"{uuid.uuid4()}.out")


def failure_uri(folder: S3Uri) -> S3Uri:
    """Where a failure's text goes."""
    return folder.under(f"{uuid.uuid4()}-error.out")


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def notification(
    request: AsyncRequest,
    region: str,
    *,
    content_type: str = "",
    failure_reason: str | None = None,
    response_body: Mapping[str, str] | None = None,
) -> str:
    """The SNS message of a finished invocation ("Check prediction results", developer guide)."""
    parameters = {"endpointName": request.endpoint}
    if request.input is not None:
        parameters["inputLocation"] = str(request.input)
    if request.content_type:
        parameters["contentType"] = request.content_type
    if request.accept:
        parameters["accept"] = request.accept
    message: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _iso(time.time()),
        "receivedTime": _iso(request.received),
        "invocationStatus": "Completed" if failure_reason is None else "Failed",
    }
    if failure_reason is not None:
        message["failureReason"] = failure_reason
    message["requestParameters"] = parameters
    if failure_reason is None:
        message["responseParameters"] = {
            "contentType": content_type,
            "outputLocation": str(request.output),
        }
    if response_body is not None:
        message["responseBody"] = dict(response_body)
    message |= {
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    return json.dumps(message)
