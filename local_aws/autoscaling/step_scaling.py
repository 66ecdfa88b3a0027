"""Step scaling: how far the alarm's metric lies beyond its threshold picks the adjustment."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.autoscaling.target_tracking import DEFAULT_COOLDOWN_S


@dataclass(frozen=True)
class Step:
    """An adjustment for `lower <= value - threshold < upper` (open to the other side below 0)."""

    lower: float
    upper: float
    adjustment: int


@dataclass(frozen=True)
class StepScaling:
    """A StepScaling policy."""

    adjustment_type: str
    steps: tuple[Step, ...]
    cooldown_s: int
    min_magnitude: int

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> StepScaling:
        """From StepScalingPolicyConfiguration; ValueError for steps that overlap or leave a gap."""
        steps = sorted(
            (
                Step(
                    float(step.get("MetricIntervalLowerBound", -math.inf)),
                    float(step.get("MetricIntervalUpperBound", math.inf)),
                    int(step["ScalingAdjustment"]),
                )
                for step in document.get("StepAdjustments") or ()
            ),
            key=lambda step: step.lower,
        )
        if not steps:
            message = "There must be at least one step adjustment"
            raise ValueError(message)
        for left, right in itertools.pairwise(steps):
            if left.upper != right.lower:
                message = "Step adjustment intervals can't overlap or have a gap between them"
                raise ValueError(message)
        return cls(
            adjustment_type=document["AdjustmentType"],
            steps=tuple(steps),
            cooldown_s=int(document.get("Cooldown", DEFAULT_COOLDOWN_S)),
            min_magnitude=int(document.get("MinAdjustmentMagnitude", 1)),
        )

    def capacity(self, present: int, distance: float) -> int:
        """The capacity wanted when the metric lies `distance` above the alarm's threshold."""
        step = next((s for s in self.steps if _holds(s, distance)), None)
        if step is None:
            return present
        if self.adjustment_type == "ExactCapacity":
            return step.adjustment
        if self.adjustment_type == "ChangeInCapacity":
            return present + step.adjustment
        change = present * step.adjustment / 100
        if not change:
            return present  # no share of nothing
        # Towards zero above one, away from it below; then at least the minimum magnitude.
        whole = int(change) if abs(change) >= 1 else math.copysign(1, change)
        magnitude = max(abs(int(whole)), self.min_magnitude)
        return present + int(math.copysign(magnitude, change))


def _holds(step: Step, distance: float) -> bool:
    """The lower bound is inclusive above the threshold, the upper one below it (user guide)."""
    if distance >= 0:
        return step.lower <= distance < step.upper
    return step.lower < distance <= step.upper
