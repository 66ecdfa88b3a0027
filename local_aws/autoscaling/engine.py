"""Applies policies once per minute of AWS time, from metrics to a desired instance count.

Cool-downs as in the Application Auto Scaling user guide: while a scale-out cools down, further
adjustments start from the capacity before it, so only a larger one adds instances; a scale-in
blocks the next scale-in, and a scale-out is always free to interrupt it. Of policies that act at
once, the one that leaves the larger capacity counts (API reference of PutScalingPolicy).
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Protocol

from local_aws.autoscaling.alarm import Alarm, State, evaluate
from local_aws.autoscaling.metric_store import MetricStore
from local_aws.autoscaling.registry import Registry
from local_aws.autoscaling.step_scaling import StepScaling
from local_aws.autoscaling.target_tracking import TargetTracking
from local_aws.autoscaling.targets import DIMENSION, NAMESPACE, Policy, ScalableTarget, Variant
from local_aws.clock import Clock
from local_aws.sagemaker.errors import ServiceError

logger = logging.getLogger("local_aws.autoscaling")


class Capacity(Protocol):
    """What is scaled."""

    def desired(self, variant: Variant) -> int | None:
        """The desired instance count; None while the variant cannot be changed or is gone."""
        ...

    def set_desired(self, variant: Variant, count: int) -> None:
        """Change it; raises ServiceError."""
        ...


class ScalingEngine:
    """Alarms and policies; `tick` is called once per minute of AWS time."""

    def __init__(
        self,
        registry: Registry,
        store: MetricStore,
        clock: Clock,
        capacity: Capacity,
        alarms: Callable[[], Iterable[Alarm]],
    ) -> None:
        self._registry = registry
        self._store = store
        self._clock = clock
        self._capacity = capacity
        self._alarms = alarms
        self._states: dict[str, State] = {}

    def tick(self) -> None:
        """Evaluate everything once."""
        policies = self._registry.policies()
        if not policies:
            return
        by_arn = {policy.arn: policy for policy in policies}
        for alarm in self._alarms():
            named = (*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_actions)
            if any(action in by_arn for action in named):
                self._alarm(alarm, by_arn)
        for target in self._registry.targets():
            tracking = [
                policy
                for policy in policies
                if policy.resource_id == target.resource_id
                and isinstance(policy.rule, TargetTracking)
            ]
            if tracking:
                self._track(target, tracking)

    def _alarm(self, alarm: Alarm, by_arn: dict[str, Policy]) -> None:
        before, state, value = self._evaluate(alarm)
        if state is State.ALARM:
            # An alarm repeats a scaling action every minute for as long as it lasts.
            actions = alarm.alarm_actions
        elif state is not before:
            actions = alarm.ok_actions if state is State.OK else alarm.insufficient_actions
        else:
            return
        for policy in (by_arn[action] for action in actions if action in by_arn):
            if isinstance(policy.rule, StepScaling) and value is not None:
                self._step(policy, policy.rule, alarm, value)

    def _evaluate(self, alarm: Alarm) -> tuple[State, State, float | None]:
        before = self._states.get(alarm.name, State.INSUFFICIENT)
        found = evaluate(alarm, self._store, self._clock.now(), before)
        self._states[alarm.name] = found.state
        if found.state is not before:
            logger.info("scaling_alarm %s: %s -> %s", alarm.name, before, found.state)
        return before, found.state, found.value

    def _step(self, policy: Policy, rule: StepScaling, alarm: Alarm, value: float) -> None:
        target = self._registry.target(policy.resource_id)
        present = self._present(target)
        if present is None:
            return
        distance = value - alarm.threshold
        wanted = rule.capacity(self._base(target, present), distance)
        if wanted < present:
            wanted = rule.capacity(present, distance)
        cause = f"monitor alarm {alarm.name} in state ALARM triggered policy {policy.name}"
        self._apply(target, present, wanted, rule.cooldown_s, rule.cooldown_s, cause)

    def _track(self, target: ScalableTarget, policies: list[Policy]) -> None:
        """All target tracking policies of a target together: any may scale out, all must agree
        to scale in."""
        present = self._present(target)
        wishes_out: list[tuple[int, Policy]] = []
        wishes_in: list[tuple[int, Policy]] = []
        may_shrink = 0
        for policy in policies:
            rule = policy.rule
            if not isinstance(rule, TargetTracking):
                continue
            high, low = rule.alarms(policy.resource_id, policy.id)
            _, high_state, value = self._evaluate(high)
            _, low_state, _ = self._evaluate(low)
            may_shrink += rule.scale_in
            if present is None or value is None:
                continue
            if high_state is State.ALARM:
                wishes_out.append((rule.capacity(self._base(target, present), value), policy))
            elif low_state is State.ALARM and rule.scale_in:
                wishes_in.append((rule.capacity(present, value), policy))
        if present is None:
            return
        if wishes_out:
            wanted, policy = max(wishes_out, key=lambda wish: wish[0])
            wanted = max(wanted, present)
        elif wishes_in and len(wishes_in) == may_shrink:
            wanted, policy = max(wishes_in, key=lambda wish: wish[0])
            wanted = min(wanted, present)
        else:
            return
        rule = policy.rule
        if isinstance(rule, TargetTracking):
            cause = f"monitor alarm of target tracking triggered policy {policy.name}"
            self._apply(target, present, wanted, rule.out_cooldown_s, rule.in_cooldown_s, cause)

    def _present(self, target: ScalableTarget) -> int | None:
        return self._capacity.desired(Variant.parse(target.resource_id))

    def _base(self, target: ScalableTarget, present: int) -> int:
        return target.out_base if self._clock.now() < target.out_until else present

    def _apply(
        self,
        target: ScalableTarget,
        present: int,
        wanted: int,
        out_cooldown_s: int,
        in_cooldown_s: int,
        cause: str,
    ) -> None:
        now = self._clock.now()
        if wanted > present:
            wanted = min(wanted, target.max_capacity)
            if wanted <= present or target.suspended.get("DynamicScalingOutSuspended"):
                return
            if self._set(target, wanted, cause):
                target.out_base = self._base(target, present)
                target.out_until, target.in_until = now + out_cooldown_s, 0.0
                target.grown_at = now
        elif wanted < present:
            wanted = max(wanted, target.min_capacity)
            if wanted >= present or target.suspended.get("DynamicScalingInSuspended"):
                return
            if now < target.in_until or now == target.grown_at:
                return
            if self._set(target, wanted, cause):
                target.in_until = now + in_cooldown_s

    def _set(self, target: ScalableTarget, wanted: int, cause: str) -> bool:
        activity = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": NAMESPACE,
            "ResourceId": target.resource_id,
            "ScalableDimension": DIMENSION,
            "Description": f"Setting desired instance count to {wanted}.",
            "Cause": cause,
            "StartTime": time.time(),
            "StatusCode": "Successful",
            "StatusMessage": f"Successfully set desired instance count to {wanted}.",
        }
        try:
            self._capacity.set_desired(Variant.parse(target.resource_id), wanted)
        except ServiceError as error:
            activity |= {"StatusCode": "Failed", "StatusMessage": error.message}
        activity["EndTime"] = time.time()
        self._registry.activities.appendleft(activity)
        logger.info("scaling_activity %s: %s", target.resource_id, activity["StatusMessage"])
        return activity["StatusCode"] == "Successful"
