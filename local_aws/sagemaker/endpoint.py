"""One endpoint: its fleet, its backlog, its metrics (its states: `endpoint_status.py`)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.clock import Clock
from local_aws.sagemaker.async_request import AsyncRequest
from local_aws.sagemaker.backlog import Backlog
from local_aws.sagemaker.endpoint_status import EndpointStatus
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.fleet import Fleet, StartContainer, StartError
from local_aws.sagemaker.invocation import Processing
from local_aws.sagemaker.local_container import LOG_GROUP
from local_aws.sagemaker.ports import Platform
from local_aws.sagemaker.queue_metrics import queue_metrics
from local_aws.sagemaker.variant import Variant

logger = logging.getLogger("local_aws.sagemaker")

_SUPERVISE_S = 0.3
_NOT_SERVING = ("Creating", "Failed", "Deleting")


class Endpoint:
    """Long operations run in the background; `wait` joins them."""

    def __init__(
        self,
        name: str,
        arn: str,
        platform: Platform,
        clock: Clock,
        start: StartContainer,
        region: str,
    ) -> None:
        self.name = name
        self.arn = arn
        self.config: Mapping[str, Any] = {}
        self._status = EndpointStatus(arn)
        self._platform = platform
        self._clock = clock
        self._start = start
        self._region = region
        self._backlog = Backlog(clock)
        self._fleet: Fleet | None = None
        self._gone = threading.Event()
        self.wait = self._status.wait

    @property
    def status(self) -> str:
        """EndpointStatus."""
        return self._status.value

    @property
    def failure_reason(self) -> str | None:
        """Why the last operation failed."""
        return self._status.failure_reason

    @property
    def fleet(self) -> Fleet:
        """The instances that serve now."""
        assert self._fleet is not None  # noqa: S101 - set by create, before anyone sees it
        return self._fleet

    def create(self, config: Mapping[str, Any], variant: Variant) -> None:
        """Start the first fleet, then replace its dead processes for as long as it lives."""
        fleet = self._new_fleet(variant)
        self.config, self._fleet = config, fleet

        def operation() -> None:
            try:
                fleet.scale(variant.initial_count)
            except StartError as error:
                fleet.abandon()
                self._status.settle("Failed", str(error))
                return
            self._status.settle("InService")
            self._supervise()

        self._status.begin("Creating", operation)

    def update(
        self, config: Mapping[str, Any], variant: Variant, *, retain_count: bool = False
    ) -> None:
        """Start a fleet of the new configuration, then retire the old one.

        Raises:
            ValidationException: the endpoint is not InService.
        """
        old, fleet = self.fleet, self._new_fleet(variant)
        count = old.desired if retain_count else variant.initial_count

        def operation() -> None:
            try:
                fleet.scale(count)
            except StartError as error:
                fleet.abandon()
                logger.warning(
                    "endpoint_update_rolled_back: %s stays with %s: %s",
                    self.name,
                    self.config["EndpointConfigName"],
                    error,
                )
                self._status.settle("InService", str(error))
                return
            self._fleet, self.config = fleet, config
            old.close()
            self._status.settle("InService")

        self._status.begin("Updating", operation)

    def scale(self, count: int) -> None:
        """Change the number of instances.

        Raises:
            ValidationException: the endpoint is not InService.
        """
        fleet = self.fleet

        def operation() -> None:
            try:
                fleet.scale(count)
            except StartError as error:
                logger.warning("endpoint_scaling_failed: %s: %s", self.name, error)
                self._status.settle("InService", str(error))
                return
            self._status.settle("InService")

        self._status.begin("Updating", operation)

    def delete(self, gone: Callable[[], None]) -> None:
        """Let work in flight finish, end all processes, forget the backlog; then call `gone`."""

        def operation() -> None:
            self._gone.set()
            self.fleet.close()
            for request in self._backlog.drain():
                request.done.set()
            gone()
            self._status.settle("Deleting")

        self._status.begin("Deleting", operation)

    def abandon(self) -> None:
        """End all processes at once (the server stops)."""
        self._gone.set()
        if self._fleet is not None:
            self._fleet.abandon()

    def put(self, request: AsyncRequest) -> None:
        """Queue a request."""
        if self.status in _NOT_SERVING:
            message = f"Endpoint {self.name} of account is not in service."
            raise ValidationException(message, "ValidationError")
        self._backlog.put(request)

    def tick(self) -> None:
        """Once per minute of AWS time: expire requests, publish the backlog's metrics."""
        if self.status in _NOT_SERVING:
            return
        processing = self._processing(self.fleet.variant)
        for request in self._backlog.take_expired():
            processing.expire(request)
            self._backlog.finish(request)
        backlog = self._backlog
        self._platform.metrics(
            queue_metrics(
                self.name,
                size=backlog.size(),
                queued=backlog.queued(),
                oldest_s=backlog.oldest_age(),
                serving=self.fleet.count(),
            )
        )

    def describe(self) -> dict[str, Any]:
        """The answer of DescribeEndpoint; times as epoch seconds."""
        fleet, config, status = self.fleet, self.config, self._status
        answer: dict[str, Any] = {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "EndpointConfigName": config["EndpointConfigName"],
            "EndpointStatus": status.value,
            "CreationTime": status.created,
            "LastModifiedTime": status.modified,
            "AsyncInferenceConfig": config["AsyncInferenceConfig"],
            "ProductionVariants": [
                {
                    "VariantName": fleet.variant.name,
                    "DeployedImages": [{"SpecifiedImage": fleet.variant.image}],
                    "CurrentWeight": 1.0,
                    "DesiredWeight": 1.0,
                    "CurrentInstanceCount": fleet.count(),
                    "DesiredInstanceCount": fleet.desired,
                }
            ],
        }
        if status.failure_reason:
            answer["FailureReason"] = status.failure_reason
        return answer

    def _processing(self, variant: Variant) -> Processing:
        return Processing(
            self._platform,
            self._clock,
            variant.role_arn,
            variant.output,
            {"EndpointName": self.name, "VariantName": variant.name},
            self._region,
            (f"{LOG_GROUP}/{self.name}", f"{variant.name}/data-log"),
        )

    def _new_fleet(self, variant: Variant) -> Fleet:
        return Fleet(variant, self._backlog, self._processing(variant), self._start)

    def _supervise(self) -> None:
        while not self._gone.wait(_SUPERVISE_S):
            try:
                self.fleet.replace_dead()
            except Exception:
                logger.exception("endpoint_supervision_failed", extra={"endpoint": self.name})
