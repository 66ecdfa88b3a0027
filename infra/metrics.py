"""The metrics that alarms and the dashboard share, each with its namespace and dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.endpoint import VARIANT
from infra.functions import METRICS_NAMESPACE
from infra.scaling import NAMESPACE as SAGEMAKER

if TYPE_CHECKING:
    from infra.endpoint import AsyncEndpoint

MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)


def of_queue(endpoint: AsyncEndpoint, name: str, statistic: str = "Average") -> cloudwatch.Metric:
    """A metric of the endpoint's queue: dimension EndpointName only.

    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html (``Invocations``,
    ``InvocationsPerInstance`` and ``OverheadLatency`` are not published for such an endpoint)
    """
    return cloudwatch.Metric(
        namespace=SAGEMAKER,
        metric_name=name,
        dimensions_map={"EndpointName": endpoint.name},
        statistic=statistic,
        period=MINUTE,
    )


def of_variant(endpoint: AsyncEndpoint, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """A metric of the endpoint's variant: invocations, errors, latencies (µs)."""
    return cloudwatch.Metric(
        namespace=SAGEMAKER,
        metric_name=name,
        dimensions_map={"EndpointName": endpoint.name, "VariantName": VARIANT},
        statistic=statistic,
        period=FIVE_MINUTES,
    )


def of_instances(endpoint: AsyncEndpoint, name: str) -> cloudwatch.Metric:
    """A metric of the machines themselves: CPU, GPU, memory, disk in percent."""
    return cloudwatch.Metric(
        namespace="/aws/sagemaker/Endpoints",
        metric_name=name,
        dimensions_map={"EndpointName": endpoint.name, "VariantName": VARIANT},
        statistic="Average",
        period=MINUTE,
    )


def of_service(service: str, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """A metric that a function writes through Powertools (dimension ``service``)."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        statistic=statistic,
        period=FIVE_MINUTES,
    )
