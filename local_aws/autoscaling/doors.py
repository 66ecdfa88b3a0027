"""Registers Application Auto Scaling with the embedded AWS and lets AWS time tick."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

from local_aws import lifecycle, seam
from local_aws.autoscaling.alarm import Alarm
from local_aws.autoscaling.api import SERVICE, TARGET_PREFIX, AutoScalingApi
from local_aws.autoscaling.cloudformation import AutoScalingResources
from local_aws.autoscaling.engine import ScalingEngine
from local_aws.autoscaling.metric_store import MetricId, MetricStore
from local_aws.autoscaling.registry import Registry
from local_aws.autoscaling.targets import Policy, Variant
from local_aws.sagemaker.aws_ports import NAMESPACE
from local_aws.sagemaker.doors import service
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.hosting import Hosting
from local_aws.settings import ACCOUNT, REGION

logger = logging.getLogger("local_aws.autoscaling")

_MINUTE_S = 60.0
# The role that AWS makes for this service; it carries no policies here, as nothing asks it.
_SERVICE_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


class EndpointCapacity:
    """Instance counts of SageMaker variants, as the engine's Capacity."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting

    def exists(self, variant: Variant) -> bool:
        """Whether there is such a variant."""
        endpoint = self._hosting.endpoints.get(variant.endpoint)
        return endpoint is not None and endpoint.fleet.variant.name == variant.name

    def desired(self, variant: Variant) -> int | None:
        """The desired instance count; None while the endpoint is not InService."""
        endpoint = self._hosting.endpoints.get(variant.endpoint)
        if endpoint is None or endpoint.status != "InService":
            return None
        return endpoint.fleet.desired

    def set_desired(self, variant: Variant, count: int) -> None:
        """Change it; raises ServiceError."""
        self._hosting.scale(variant.endpoint, variant.name, count)


def _documents() -> Iterator[dict[str, Any]]:
    pages = seam.client("cloudwatch").get_paginator("describe_alarms")
    for page in pages.paginate(AlarmTypes=["MetricAlarm"]):
        yield from page.get("MetricAlarms", ())


def deployed_alarms() -> Iterator[Alarm]:
    """The alarms in CloudWatch that can be evaluated here."""
    for document in _documents():
        alarm = Alarm.parse(document)
        if alarm is not None:
            yield alarm


def _alarms_of(policy: Policy) -> list[dict[str, str]]:
    """The alarms that call the policy: CloudWatch's, and those that AWS manages for it."""
    called = [
        {"AlarmName": document["AlarmName"], "AlarmARN": document["AlarmArn"]}
        for document in _documents()
        if policy.arn in document.get("AlarmActions", ())
    ]
    prefix = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:"
    managed = policy.alarm_names()
    return called + [{"AlarmName": name, "AlarmARN": prefix + name} for name in managed]


def open_doors() -> None:
    """API, CloudFormation types, and one tick per minute of AWS time."""
    sagemaker, store = service(), MetricStore()
    clock, hosting = sagemaker.clock, sagemaker.hosting
    capacity = EndpointCapacity(hosting)
    registry = Registry(ACCOUNT, REGION, capacity.exists, _SERVICE_ROLE)
    engine = ScalingEngine(registry, store, clock, capacity, deployed_alarms)
    hosting.is_scalable_target = registry.is_target
    sagemaker.platform.record = lambda metric: store.put(
        MetricId.of(NAMESPACE, metric.name, metric.dimensions), clock.now(), metric.value
    )
    api = AutoScalingApi(registry, _alarms_of)

    def call(operation: str, request: dict[str, Any], caller: seam.Caller) -> dict[str, Any]:
        seam.authorize(caller, f"{SERVICE}:{operation}", "*")
        try:
            return api.call(operation, request)
        except ServiceError as error:
            raise seam.AwsError(error.code, error.message, error.status) from error

    seam.register_json_service(SERVICE, TARGET_PREFIX, call)
    AutoScalingResources(registry).register()

    stop = threading.Event()

    def tick() -> None:
        while True:
            # Shortly after each full minute, so that a tick falls into every period.
            left = _MINUTE_S - clock.now() % _MINUTE_S
            if stop.wait(clock.real_seconds(left + 1)):
                return
            for part in (hosting.tick, engine.tick):
                try:
                    part()
                except Exception:
                    logger.exception("scaling_tick_failed")

    lifecycle.on_start(
        lambda: threading.Thread(target=tick, name="scaling-clock", daemon=True).start()
    )
    lifecycle.on_stop(stop.set)
