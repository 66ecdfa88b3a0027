"""The fleet simulator against real processes: one wake and a few requests."""

from __future__ import annotations

import pytest

from benchmarks.fleet.policies import ENDPOINT, Policies
from benchmarks.fleet.validate import Drill, validate
from local_aws.autoscaling.alarm import Alarm
from local_aws.autoscaling.metric_store import MetricId

_MINUTE_S = 60


def step(metric: str, comparison: str, adjustment: int, bound: str) -> object:
    watched = MetricId.of("AWS/SageMaker", metric, {"EndpointName": ENDPOINT})
    alarm = Alarm(metric, watched, "Average", _MINUTE_S, 1, 1, 0.5, comparison)
    steps = [{f"MetricInterval{bound}Bound": 0, "ScalingAdjustment": adjustment}]
    rule = {"AdjustmentType": "ChangeInCapacity", "Cooldown": 600, "StepAdjustments": steps}
    return rule, (alarm,)


# A minute with something to do wakes, one without anything rests: nobody has to wait long here.
QUICK = Policies(
    "quick",
    0,
    1,
    None,
    (
        step("HasBacklogWithoutCapacity", "GreaterThanThreshold", 1, "Lower"),
        step("ApproximateBacklogSizePerInstance", "LessThanThreshold", -1, "Upper"),
    ),  # type: ignore[arg-type]
)


def test_real_processes_wait_as_long_as_simulated_ones() -> None:
    # 30 s of AWS time are half a second here.
    drill = Drill(((1, 5),), speed=60.0, service_s=30.0, tail_minutes=1.0)

    found = validate(QUICK, drill)

    real, simulated = found["real"], found["simulated"]
    assert real["wakes"] == simulated["wakes"] == 1
    assert real["most_instances"] == simulated["most_instances"] == 1
    # A minute of phase, and the start of a process: on a busy machine no two take equally long.
    tolerance = 90 + found["start_s"]
    assert real["wait_p50_s"] == pytest.approx(simulated["wait_p50_s"], abs=tolerance)
    assert real["wait_p95_s"] == pytest.approx(simulated["wait_p95_s"], abs=tolerance)
