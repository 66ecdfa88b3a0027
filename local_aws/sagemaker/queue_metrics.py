"""What an asynchronous endpoint publishes about its queue, once a minute.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
"""

from __future__ import annotations

from local_aws.sagemaker.ports import Metric


def queue_metrics(
    endpoint: str, *, size: int, queued: int, oldest_s: float, serving: int
) -> list[Metric]:
    """The values of one minute.

    `size` counts requests queued or being processed, `queued` those that nobody picked up;
    `oldest_s` is the age of the oldest of these in seconds, `serving` the instances in service.
    """
    dimensions = {"EndpointName": endpoint}
    values = (
        ("ApproximateBacklogSize", float(size), "Count"),
        # With no instance the whole backlog counts: a target tracking policy alone wakes an
        # endpoint only when the backlog exceeds its target (developer guide, autoscaling).
        ("ApproximateBacklogSizePerInstance", size / max(1, serving), "Count"),
        ("ApproximateAgeOfOldestRequest", oldest_s, "Seconds"),
        # Not `size`: a draining instance still works on its last request.
        ("HasBacklogWithoutCapacity", float(queued > 0 and serving == 0), "Count"),
    )
    return [Metric(name, value, unit, dimensions) for name, value, unit in values]
