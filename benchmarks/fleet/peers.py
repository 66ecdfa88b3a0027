"""How two public projects scale the same kind of endpoint, as their code says.

Facts only: numbers, periods and thresholds. Both are read as they stood when PEERS was written.
"""

from __future__ import annotations

from benchmarks.fleet.policies import ENDPOINT, Policies
from local_aws.autoscaling.alarm import Alarm
from local_aws.autoscaling.metric_store import MetricId

_SPACE = "AWS/SageMaker"
_NAMES = {"EndpointName": ENDPOINT}
_PER_INSTANCE = MetricId.of(_SPACE, "ApproximateBacklogSizePerInstance", _NAMES)
_STUCK = MetricId.of(_SPACE, "HasBacklogWithoutCapacity", _NAMES)


def _alarm(
    name: str, metric: MetricId, threshold: float, comparison: str, period_s: int, periods: int
) -> Alarm:
    return Alarm(name, metric, "Average", period_s, periods, periods, threshold, comparison)


def _add(adjustment: int, cooldown_s: int, *, above: bool = True) -> dict[str, object]:
    bound = "MetricIntervalLowerBound" if above else "MetricIntervalUpperBound"
    return {
        "AdjustmentType": "ChangeInCapacity",
        "Cooldown": cooldown_s,
        "StepAdjustments": [{bound: 0, "ScalingAdjustment": adjustment}],
    }


def extension_for_stable_diffusion(most: int) -> Policies:
    """Extension for Stable Diffusion on AWS.

    `middleware_api/endpoints/endpoint_event.py` of awslabs/stable-diffusion-aws-extension: tracks
    3 waiting requests per instance with cool-downs of 10 s, then rewrites the two alarms that AWS
    manages: out after one period of 30 s, in after four periods of 15 min (one hour) below 1. A
    step policy adds the first instance, cool-down 180 s.
    """
    tracking = {
        "TargetValue": 3,
        "ScaleInCooldown": 10,
        "ScaleOutCooldown": 10,
        "CustomizedMetricSpecification": {
            "Namespace": _SPACE,
            "MetricName": _PER_INSTANCE.name,
            "Statistic": "Average",
            "Dimensions": [{"Name": "EndpointName", "Value": ENDPOINT}],
        },
    }
    managed = (
        _alarm("high", _PER_INSTANCE, 3, "GreaterThanThreshold", 30, 1),
        _alarm("low", _PER_INSTANCE, 1, "LessThanThreshold", 900, 4),
    )
    wake = _alarm("stuck", _STUCK, 1, "GreaterThanOrEqualToThreshold", 30, 1)
    steps = ((_add(1, 180), (wake,)),)
    return Policies("extension for Stable Diffusion", 0, most, tracking, steps, managed)


def jumpstart_guidance(most: int) -> Policies:
    """A guidance that wraps one JumpStart model.

    `jumpstart_async_endpoint_construct.py` of the simple generative AI service: one step policy on
    the backlog per instance over periods of 5 min, one more from 0.5 on, one less up to 0.5, one
    period each. Its cool-down is a setting of the deployer; the service's default, 5 min, is taken.
    """
    more = _alarm("more", _PER_INSTANCE, 0.5, "GreaterThanOrEqualToThreshold", 300, 1)
    less = _alarm("less", _PER_INSTANCE, 0.5, "LessThanOrEqualToThreshold", 300, 1)
    steps = ((_add(1, 300), (more,)), (_add(-1, 300, above=False), (less,)))
    return Policies("JumpStart guidance", 0, most, None, steps)
