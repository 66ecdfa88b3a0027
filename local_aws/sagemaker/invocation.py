"""From the backlog to S3 and SNS: what happens to one request on one instance."""

from __future__ import annotations

import base64
import logging
import time
from dataclasses import dataclass
from typing import Protocol

from local_aws.clock import Clock
from local_aws.sagemaker.async_request import AsyncOutput, AsyncRequest, notification
from local_aws.sagemaker.errors import ContainerDied, InvocationTimedOut, StoreError
from local_aws.sagemaker.ports import Metric, Platform

logger = logging.getLogger("local_aws.sagemaker")

# Our choice: SageMaker documents no number. A request that kills its process twice is to blame.
MAX_ATTEMPTS = 2
# Notifications carry a response up to this size (IncludeInferenceResponseIn).
_MAX_NOTIFIED_BYTES = 128 * 1024


@dataclass(frozen=True)
class Answer:
    """What a container answered to POST /invocations."""

    status: int
    content_type: str
    body: bytes


class Container(Protocol):
    """A serving container on one instance."""

    @property
    def pid(self) -> int:
        """Its process."""
        ...

    def alive(self) -> bool:
        """Whether its process runs."""
        ...

    def healthy(self) -> bool:
        """Whether GET /ping answers 200."""
        ...

    def invoke(self, request: AsyncRequest, body: bytes) -> Answer:
        """POST /invocations; raises ContainerDied or InvocationTimedOut."""
        ...

    def stop(self) -> None:
        """End the process."""
        ...


class Processing:
    """Processes requests of one endpoint with its execution role."""

    def __init__(
        self,
        platform: Platform,
        clock: Clock,
        role_arn: str,
        output: AsyncOutput,
        dimensions: dict[str, str],
        region: str,
        log_stream: tuple[str, str],
    ) -> None:
        self._platform = platform
        self._clock = clock
        self._role_arn = role_arn
        self._output = output
        self._dimensions = dimensions
        self._region = region
        self._log_stream = log_stream

    def process(self, request: AsyncRequest, container: Container) -> bool:
        """Serve one request to its end; False if it should be tried again on another process.

        Raises:
            InvocationTimedOut: after the failure was reported, because the process is still
                busy with it and must be replaced.
        """
        if request.expired(self._clock.now()):
            self.expire(request)
            return True
        store = self._platform.store(self._role_arn)
        try:
            began = time.perf_counter()
            body = store.read(request.input) if request.input else request.body or b""
            self._metric("RequestDownloadLatency", _micros(began), "Microseconds")
        except StoreError as error:
            self._metric("RequestDownloadFailures", 1, "Count")
            self.fail(request, f"ClientError: Failed to download the request payload: {error}")
            return True
        waited = (request.taken or self._clock.now()) - request.enqueued
        self._metric("TimeInBacklog", waited * 1e6, "Microseconds")
        began = time.perf_counter()
        try:
            answer = container.invoke(request, body)
        except ContainerDied:
            self._note(request, "container died")
            if request.attempts < MAX_ATTEMPTS:
                return False
            self.fail(request, "InternalServerError: The model container stopped unexpectedly.")
            return True
        except InvocationTimedOut:
            self.fail(request, f"ClientError: No response from model within {request.timeout_s} s.")
            raise
        self._metric("ModelLatency", _micros(began), "Microseconds")
        self._metric("Invocation4XXErrors", float(400 <= answer.status < 500), "None")
        self._metric("Invocation5XXErrors", float(answer.status >= 500), "None")
        if answer.status >= 300:
            kind = "client" if answer.status < 500 else "server"
            reason = (
                f"ClientError: Received {kind} error ({answer.status}) from model. See the "
                "SageMaker Endpoint logs in your account for more information."
            )
            self.fail(request, reason, answer)
            return True
        self._succeed(request, answer)
        return True

    def expire(self, request: AsyncRequest) -> None:
        """Report a request whose time to live passed in the backlog."""
        self._metric("ExpiredRequests", 1, "Count")
        self.fail(
            request, f"ClientError: Request expired in the queue after {request.ttl_s} seconds."
        )

    def _succeed(self, request: AsyncRequest, answer: Answer) -> None:
        store = self._platform.store(self._role_arn)
        try:
            began = time.perf_counter()
            store.write(
                request.output,
                answer.body,
                content_type=answer.content_type,
                kms_key=self._output.kms_key,
            )
            self._metric("ResponseUploadLatency", _micros(began), "Microseconds")
        except StoreError as error:
            self._metric("ResponseUploadFailures", 1, "Count")
            self.fail(request, f"ClientError: Failed to upload the response payload: {error}")
            return
        self._note(request, "completed")
        body = self._response_body("SUCCESS_NOTIFICATION_TOPIC", answer)
        message = notification(
            request, self._region, content_type=answer.content_type, response_body=body
        )
        self._notify(self._output.success_topic, request, message)
        self._metric("InvocationFailures", 0, "Count")
        self._finished(request)

    def fail(self, request: AsyncRequest, reason: str, answer: Answer | None = None) -> None:
        """Write the failure to S3FailurePath and notify the error topic."""
        self._note(request, "failed")
        if request.failure is not None:
            body = answer.body if answer is not None and answer.body else reason.encode()
            try:
                self._platform.store(self._role_arn).write(
                    request.failure, body, kms_key=self._output.kms_key
                )
            except StoreError as error:
                self._note(request, f"failure upload refused: {error.code}")
        body_included = self._response_body("ERROR_NOTIFICATION_TOPIC", answer)
        message = notification(
            request, self._region, failure_reason=reason, response_body=body_included
        )
        self._notify(self._output.error_topic, request, message)
        self._metric("InvocationFailures", 1, "Count")
        self._finished(request)

    def _finished(self, request: AsyncRequest) -> None:
        # The developer guide prints three s; the metric that AWS publishes has two.
        self._metric("InvocationsProcessed", 1, "Count")
        spent = (self._clock.now() - request.enqueued) * 1000
        self._metric("TotalProcessingTime", spent, "Milliseconds")

    def _response_body(self, topic: str, answer: Answer | None) -> dict[str, str] | None:
        if answer is None or topic not in self._output.include_response_in:
            return None
        if len(answer.body) > _MAX_NOTIFIED_BYTES:
            return None
        content = base64.b64encode(answer.body).decode()
        return {"content": content, "encoding": "BASE64", "message": ""}

    def _notify(self, topic: str | None, request: AsyncRequest, message: str) -> None:
        if topic is None:
            return
        try:
            self._platform.publish(self._role_arn, topic, message)
        except StoreError as error:
            self._metric("NotificationFailures", 1, "Count")
            self._note(request, f"notification refused: {error.code}")

    def _metric(self, name: str, value: float, unit: str) -> None:
        try:
            self._platform.metrics([Metric(name, value, unit, self._dimensions)])
        except Exception:
            logger.exception("endpoint_metric_failed", extra={"metric": name})

    def _note(self, request: AsyncRequest, text: str) -> None:
        """A line of the platform's data log: inference ids and outcomes, never contents."""
        try:
            self._platform.log(*self._log_stream, [f"[{request.inference_id}] {text}"])
        except Exception:
            logger.exception("endpoint_log_failed")


def _micros(began: float) -> float:
    return (time.perf_counter() - began) * 1e6
