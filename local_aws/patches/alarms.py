"""Operator alarms look at their own dimensions, whole periods and missing data, as on AWS.

The emulator judges all metrics of a name together, only when one is put, and never lets go of an
alarm for want of data. The judging itself is `local_aws.autoscaling.alarm`, the same that scaling
uses. A period lasts its length divided by the instance's speed.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.services import cloudwatch

from local_aws.autoscaling.alarm import Alarm, State, judge
from local_aws.seam.identity import in_fresh_scope
from local_aws.settings import ACCOUNT, REGION, current

Json = dict[str, Any]
_EXTRA_PERIODS = 2  # looked at beyond EvaluationPeriods, as CloudWatch does


def _parse(document: Json) -> Alarm | None:
    """The alarm, percentiles included; None for metric math."""
    statistic = document.get("ExtendedStatistic") or document.get("Statistic")
    return Alarm.parse({**document, "Statistic": statistic})


def _datapoints(alarm: Alarm, now: float) -> list[float | None]:
    """One value per whole period, oldest first; None where nothing was put."""
    metric = alarm.metric
    key = (metric.namespace, metric.name, cloudwatch._dims_key(dict(metric.dimensions)))
    points = list(cloudwatch._metrics.get(key) or ())
    period = current().seconds(alarm.period_s)
    end = now // period * period
    found: list[float | None] = []
    for number in range(alarm.evaluation_periods + _EXTRA_PERIODS, 0, -1):
        start = end - number * period
        inside = [p for p in points if start <= p["Timestamp"] < start + period]
        value = None
        if inside:
            value = cloudwatch._stat_value(cloudwatch._calc_stats(inside), alarm.stat, inside)
        found.append(value)
    return found


def _evaluate(document: Json) -> None:
    alarm = _parse(document)
    if alarm is None:
        return
    before = State(document["StateValue"])
    points = _datapoints(alarm, time.time())
    state = judge(alarm, points, before)
    if state is before:
        return
    shown = [point for point in points if point is not None][-alarm.evaluation_periods :]
    reason = f"{alarm.stat} {shown or 'without data'}, {alarm.comparison} {alarm.threshold}"
    document["StateValue"] = state.value
    document["StateReason"] = reason
    document["StateUpdatedTimestamp"] = int(time.time())
    cloudwatch._record_history(alarm.name, before.value, state.value, reason)
    cloudwatch._dispatch_alarm_actions(document, before.value, state.value, reason)
    cloudwatch._evaluate_parent_alarms(document)


def evaluate_all() -> None:
    """Judge every alarm once: called once per minute of AWS time."""
    in_fresh_scope(ACCOUNT, REGION, cloudwatch._evaluate_all_alarms)


def install() -> None:
    """Replace the judging of one alarm."""
    cloudwatch._evaluate_alarm = _evaluate
