"""Target tracking: two alarms that AWS manages, and a capacity in proportion to the metric.

Application Auto Scaling user guide: the high alarm needs 3 data points of one minute above the
target, the low alarm 15 below 90% of it; scale out in proportion and at once, scale in
conservatively; with too little data, do nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.autoscaling.alarm import Alarm
from local_aws.autoscaling.metric_store import MetricId

_PERIOD_S = 60
_HIGH_PERIODS = 3
_LOW_PERIODS = 15
_LOW_SHARE = 0.9
# Default cool-down of both directions for SageMaker variants (API reference).
DEFAULT_COOLDOWN_S = 300


@dataclass(frozen=True)
class TargetTracking:
    """A TargetTrackingScaling policy on one customised metric."""

    metric: MetricId
    stat: str
    target: float
    out_cooldown_s: int
    in_cooldown_s: int
    scale_in: bool

    @classmethod
    def parse(cls, document: Mapping[str, Any], variant: str) -> TargetTracking:
        """From TargetTrackingScalingPolicyConfiguration; ValueError for what is not served."""
        custom = document.get("CustomizedMetricSpecification")
        if custom is None:
            kind = (document.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
            message = f"asynchronous variant {variant} publishes no metric {kind}"
            raise ValueError(message)
        if "MetricName" not in custom:
            message = "metric math in a target tracking policy is not served here"
            raise ValueError(message)
        dimensions = {d["Name"]: d["Value"] for d in custom.get("Dimensions") or ()}
        return cls(
            metric=MetricId.of(custom["Namespace"], custom["MetricName"], dimensions),
            stat=custom["Statistic"],
            target=float(document["TargetValue"]),
            out_cooldown_s=int(document.get("ScaleOutCooldown", DEFAULT_COOLDOWN_S)),
            in_cooldown_s=int(document.get("ScaleInCooldown", DEFAULT_COOLDOWN_S)),
            scale_in=not document.get("DisableScaleIn", False),
        )

    def alarms(self, resource: str, policy_id: str) -> tuple[Alarm, Alarm]:
        """The high and the low alarm, named as AWS names them."""

        def alarm(kind: str, periods: int, threshold: float, comparison: str) -> Alarm:
            return Alarm(
                name=f"TargetTracking-{resource}-Alarm{kind}-{policy_id}",
                metric=self.metric,
                stat=self.stat,
                period_s=_PERIOD_S,
                evaluation_periods=periods,
                datapoints_to_alarm=periods,
                threshold=threshold,
                comparison=comparison,
            )

        return (
            alarm("High", _HIGH_PERIODS, self.target, "GreaterThanThreshold"),
            alarm("Low", _LOW_PERIODS, self.target * _LOW_SHARE, "LessThanThreshold"),
        )

    def capacity(self, present: int, value: float) -> int:
        """Instances that bring the metric to its target, in proportion.

        With none running, the metric counts as that of one instance: the published backlog per
        instance is then the whole backlog.
        """
        return math.ceil(max(present, 1) * value / self.target)
