"""CloudWatch's alarm evaluation, missing data included.

From "Using Amazon CloudWatch alarms" in the CloudWatch user guide: an alarm looks at a few more
periods than EvaluationPeriods; real data points count first; only when there are fewer of them
than EvaluationPeriods does TreatMissingData matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local_aws.autoscaling.metric_store import MetricId, MetricStore

# How many periods beyond EvaluationPeriods are looked at; the guide's tables show two.
_EXTRA_PERIODS = 2


class State(StrEnum):
    """An alarm's state."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT = "INSUFFICIENT_DATA"


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True)
class Alarm:
    """A single-metric alarm with a static threshold."""

    name: str
    metric: MetricId
    stat: str
    period_s: int
    evaluation_periods: int
    datapoints_to_alarm: int
    threshold: float
    comparison: str
    treat_missing: str = "missing"
    alarm_actions: tuple[str, ...] = ()
    ok_actions: tuple[str, ...] = ()
    insufficient_actions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Alarm | None:
        """From DescribeAlarms' MetricAlarm; None for metric math and percentiles."""
        if not document.get("MetricName") or not document.get("Statistic"):
            return None
        if document["ComparisonOperator"] not in _COMPARE:
            return None
        enabled = document.get("ActionsEnabled", True)
        dimensions = {d["Name"]: d["Value"] for d in document.get("Dimensions") or ()}

        def actions(key: str) -> tuple[str, ...]:
            return tuple(document.get(key) or ()) if enabled else ()

        return cls(
            name=document["AlarmName"],
            metric=MetricId.of(document["Namespace"], document["MetricName"], dimensions),
            stat=document["Statistic"],
            period_s=int(document["Period"]),
            evaluation_periods=int(document["EvaluationPeriods"]),
            datapoints_to_alarm=int(
                document.get("DatapointsToAlarm") or document["EvaluationPeriods"]
            ),
            threshold=float(document["Threshold"]),
            comparison=document["ComparisonOperator"],
            treat_missing=document.get("TreatMissingData") or "missing",
            alarm_actions=actions("AlarmActions"),
            ok_actions=actions("OKActions"),
            insufficient_actions=actions("InsufficientDataActions"),
        )


@dataclass(frozen=True)
class Evaluation:
    """The state, and the newest value that it rests on."""

    state: State
    value: float | None


def evaluate(alarm: Alarm, store: MetricStore, now: float, before: State) -> Evaluation:
    """The alarm's state at a moment of AWS time, given the state before."""
    count = alarm.evaluation_periods + _EXTRA_PERIODS
    points = store.datapoints(alarm.metric, alarm.stat, alarm.period_s, count, now)
    real = [point for point in points if point is not None]
    return Evaluation(judge(alarm, points, before), real[-1] if real else None)


def judge(alarm: Alarm, points: Sequence[float | None], before: State) -> State:
    """The state that a range of data points (oldest first, None is missing) leads to."""
    needed, periods = alarm.datapoints_to_alarm, alarm.evaluation_periods
    breaches = _COMPARE[alarm.comparison]
    real = [breaches(point, alarm.threshold) for point in points if point is not None]
    if len(real) >= periods:
        return State.ALARM if sum(real[-periods:]) >= needed else State.OK
    missing = periods - len(real)
    if alarm.treat_missing == "breaching":
        return State.ALARM if sum(real) + missing >= needed else State.OK
    if alarm.treat_missing == "notBreaching" or sum(real) >= needed:
        return State.ALARM if sum(real) >= needed else State.OK
    if not real:
        return before if alarm.treat_missing == "ignore" else State.INSUFFICIENT
    if not all(real):
        return State.OK
    # Everything known breaches, but there is too little of it. The guide ("avoiding premature
    # transitions"): alarm only once the oldest breach is as old as DatapointsToAlarm.
    oldest = len(points) - next(n for n, point in enumerate(points) if point is not None)
    if alarm.treat_missing == "missing" and oldest >= needed:
        return State.ALARM
    return before
