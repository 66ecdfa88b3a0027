"""Policies joined to the engine that evaluates them on the laptop, once per simulated minute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.fleet.policies import ENDPOINT, Policies
from local_aws.autoscaling.alarm import Alarm
from local_aws.autoscaling.engine import ScalingEngine
from local_aws.autoscaling.metric_store import MetricId, MetricStore
from local_aws.autoscaling.registry import Registry
from local_aws.autoscaling.target_tracking import TargetTracking
from local_aws.autoscaling.targets import DIMENSION, NAMESPACE
from local_aws.sagemaker.aws_ports import NAMESPACE as METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local_aws.autoscaling.engine import Capacity
    from local_aws.clock import Clock
    from local_aws.sagemaker.ports import Metric

_IDENTITY = {
    "ServiceNamespace": NAMESPACE,
    "ResourceId": f"endpoint/{ENDPOINT}/variant/simulated",
    "ScalableDimension": DIMENSION,
}


@dataclass(frozen=True)
class RewrittenTracking(TargetTracking):
    """Target tracking whose alarms somebody has put others in the place of."""

    managed: tuple[Alarm, Alarm] | None = None

    def alarms(self, resource: str, policy_id: str) -> tuple[Alarm, Alarm]:
        """The alarms as they were rewritten."""
        return self.managed or super().alarms(resource, policy_id)


class Scaler:
    """Takes the metrics of each minute and sets the capacity."""

    def __init__(self, policies: Policies, clock: Clock, capacity: Capacity) -> None:
        self._clock, self._store = clock, MetricStore()
        self._registry = Registry("0", "r", lambda _variant: True, "role")
        self._registry.register(
            {**_IDENTITY, "MinCapacity": policies.least, "MaxCapacity": policies.most}
        )
        alarms = list(self._step_policies(policies))
        managed = self._tracking_policy(policies)
        periods = [a.period_s * (a.evaluation_periods + 3) for a in (*alarms, *managed)]
        # So long after the last change, no alarm looks back at it any more.
        self.memory_s = max(periods, default=0)
        self._engine = ScalingEngine(self._registry, self._store, clock, capacity, lambda: alarms)

    def _step_policies(self, policies: Policies) -> Iterable[Alarm]:
        for place, (document, alarms) in enumerate(policies.steps):
            policy = self._registry.put_policy(
                {
                    **_IDENTITY,
                    "PolicyName": f"step-{place}",
                    "PolicyType": "StepScaling",
                    "StepScalingPolicyConfiguration": document,
                }
            )
            for alarm in alarms:
                yield replace(alarm, alarm_actions=(policy.arn,))

    def _tracking_policy(self, policies: Policies) -> tuple[Alarm, ...]:
        if policies.tracking is None:
            return ()
        policy = self._registry.put_policy(
            {
                **_IDENTITY,
                "PolicyName": "tracking",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": policies.tracking,
            }
        )
        rule = policy.rule
        if isinstance(rule, TargetTracking) and policies.managed is not None:
            policy.rule = rule = RewrittenTracking(**vars(rule), managed=policies.managed)
        return (
            rule.alarms(policy.resource_id, policy.id) if isinstance(rule, TargetTracking) else ()
        )

    def minute(self, metrics: Iterable[Metric]) -> None:
        """Record the metrics of now, then evaluate: in the order of the laptop's clock."""
        self.record(metrics, self._clock.now())
        self._engine.tick()

    def record(self, metrics: Iterable[Metric], at: float) -> None:
        """Only record them."""
        for metric in metrics:
            self._store.put(MetricId.of(METRICS, metric.name, metric.dimensions), at, metric.value)
