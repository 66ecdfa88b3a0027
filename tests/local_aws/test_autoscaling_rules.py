"""The decisions of Auto Scaling as pure functions: alarms, steps, targets, cool-downs."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.autoscaling.alarm import Alarm, State, judge
from local_aws.autoscaling.engine import ScalingEngine
from local_aws.autoscaling.metric_store import MetricId, MetricStore
from local_aws.autoscaling.registry import ObjectNotFoundException, Registry
from local_aws.autoscaling.step_scaling import StepScaling
from local_aws.autoscaling.targets import DIMENSION, Variant
from local_aws.sagemaker.errors import ValidationException

METRIC = MetricId.of("AWS/SageMaker", "HasBacklogWithoutCapacity", {"EndpointName": "e"})
BACKLOG = MetricId.of("AWS/SageMaker", "ApproximateBacklogSizePerInstance", {"EndpointName": "e"})
RESOURCE = "endpoint/e/variant/v"
IDENTITY = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": DIMENSION,
}


def alarm(needed: int = 3, periods: int = 3, **changes: Any) -> Alarm:
    return Alarm(
        **{
            "name": "a",
            "metric": METRIC,
            "stat": "Maximum",
            "period_s": 60,
            "evaluation_periods": periods,
            "datapoints_to_alarm": needed,
            "threshold": 1.0,
            "comparison": "GreaterThanOrEqualToThreshold",
            **changes,
        }
    )


def points(text: str) -> list[float | None]:
    """`X` breaches, `0` does not, `-` is missing; oldest first."""
    return [{"X": 1.0, "0": 0.0}.get(mark) for mark in text]


# The tables of "Configuring how CloudWatch alarms treat missing data" in the user guide; each row:
# data points, M of N, then the state per treatment (missing, ignore, breaching, notBreaching).
KEEP = State.INSUFFICIENT
GUIDE = [
    ("0-X-X", 3, [State.OK, State.OK, State.OK, State.OK]),
    ("----0", 3, [State.OK, State.OK, State.OK, State.OK]),
    ("-----", 3, [State.INSUFFICIENT, KEEP, State.ALARM, State.OK]),
    ("0XX-X", 3, [State.ALARM, State.ALARM, State.ALARM, State.ALARM]),
    ("--X--", 3, [State.ALARM, KEEP, State.ALARM, State.OK]),
    ("0-X-X", 2, [State.ALARM, State.ALARM, State.ALARM, State.ALARM]),
    ("00X0X", 2, [State.ALARM, State.ALARM, State.ALARM, State.ALARM]),
    ("0-X--", 2, [State.OK, State.OK, State.ALARM, State.OK]),
    ("----0", 2, [State.OK, State.OK, State.ALARM, State.OK]),
    ("---X-", 2, [State.ALARM, KEEP, State.ALARM, State.OK]),
]


@pytest.mark.parametrize(("marks", "needed", "expected"), GUIDE)
def test_missing_data_counts_as_the_user_guide_says(
    marks: str, needed: int, expected: list[State]
) -> None:
    treatments = ("missing", "ignore", "breaching", "notBreaching")

    found = [
        judge(alarm(needed, treat_missing=t), points(marks), State.INSUFFICIENT) for t in treatments
    ]

    assert found == expected


def test_a_new_metric_does_not_alarm_before_there_is_enough_of_it() -> None:
    low = alarm(15, 15, comparison="LessThanThreshold")

    states = [judge(low, [None] * (17 - n) + [0.0] * n, State.INSUFFICIENT) for n in (1, 14, 15)]

    assert states == [State.INSUFFICIENT, State.INSUFFICIENT, State.ALARM]


def test_an_alarm_sees_only_exactly_its_own_dimensions() -> None:
    store = MetricStore()
    variant = {"EndpointName": "e", "VariantName": "v"}
    store.put(MetricId.of("AWS/SageMaker", "HasBacklogWithoutCapacity", variant), 30, 1.0)

    assert store.datapoints(METRIC, "Maximum", 60, 1, 60) == [None]


@pytest.mark.parametrize(
    ("kind", "adjustment", "present", "expected"),
    [
        ("ChangeInCapacity", 1, 0, 1),
        ("ChangeInCapacity", -1, 3, 2),
        ("ExactCapacity", 4, 1, 4),
        ("PercentChangeInCapacity", 10, 3, 4),
        ("PercentChangeInCapacity", 167, 4, 10),
        ("PercentChangeInCapacity", -50, 5, 3),
        ("PercentChangeInCapacity", -10, 3, 2),
        ("PercentChangeInCapacity", -10, 0, 0),
        ("PercentChangeInCapacity", 10, 0, 0),
    ],
)
def test_a_step_changes_capacity_by_its_type(
    kind: str, adjustment: int, present: int, expected: int
) -> None:
    rule = StepScaling.parse(
        {
            "AdjustmentType": kind,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": adjustment}],
        }
    )

    assert rule.capacity(present, 0.0) == expected


def test_the_distance_from_the_threshold_picks_the_step() -> None:
    rule = StepScaling.parse(
        {
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [
                {
                    "MetricIntervalLowerBound": 0,
                    "MetricIntervalUpperBound": 10,
                    "ScalingAdjustment": 1,
                },
                {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
            ],
        }
    )

    assert [rule.capacity(1, d) for d in (-1, 0, 9.9, 10, 99)] == [1, 2, 2, 4, 4]


def test_steps_with_a_gap_are_refused() -> None:
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 1, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 2, "ScalingAdjustment": 1},
    ]

    with pytest.raises(ValueError, match="overlap or have a gap"):
        StepScaling.parse({"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps})


class FakeClock:
    """AWS time that passes when told."""

    def __init__(self) -> None:
        self.time = 6000.0

    def now(self) -> float:
        return self.time

    def real_seconds(self, aws_seconds: float) -> float:
        return aws_seconds


class Fleet:
    """The scaled variant."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.busy = False

    def desired(self, variant: Variant) -> int | None:
        return None if self.busy else self.count

    def set_desired(self, variant: Variant, count: int) -> None:
        self.count = count


class World:
    """Registry, engine and fleet on a fake clock; one minute at a time."""

    def __init__(self, count: int, low: int = 0, high: int = 5) -> None:
        self.clock, self.store, self.fleet = FakeClock(), MetricStore(), Fleet(count)
        self.registry = Registry("1", "r", lambda variant: variant.endpoint == "e", "role")
        self.registry.register({**IDENTITY, "MinCapacity": low, "MaxCapacity": high})
        self.alarms: list[Alarm] = []
        self.engine = ScalingEngine(
            self.registry, self.store, self.clock, self.fleet, lambda: self.alarms
        )

    def track(self, target: float, name: str = "t", **changes: Any) -> None:
        metric = {
            "MetricName": BACKLOG.name,
            "Namespace": BACKLOG.namespace,
            "Dimensions": [{"Name": "EndpointName", "Value": "e"}],
            "Statistic": "Average",
        }
        configuration = {
            "TargetValue": target,
            "CustomizedMetricSpecification": metric,
            **changes,
        }
        self.registry.put_policy(
            {
                **IDENTITY,
                "PolicyName": name,
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": configuration,
            }
        )

    def wake_by_step(self, cooldown: int = 300) -> None:
        policy = self.registry.put_policy(
            {
                **IDENTITY,
                "PolicyName": "wake",
                "PolicyType": "StepScaling",
                "StepScalingPolicyConfiguration": {
                    "AdjustmentType": "ChangeInCapacity",
                    "Cooldown": cooldown,
                    "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
                },
            }
        )
        self.alarms.append(alarm(1, 1, alarm_actions=(policy.arn,)))

    def minutes(self, number: int, **values: float) -> list[int]:
        """Let minutes pass with these values; the count after each."""
        counts = []
        for _ in range(number):
            if "backlog" in values:
                self.store.put(BACKLOG, self.clock.time, values["backlog"])
            if "stuck" in values:
                self.store.put(METRIC, self.clock.time, values["stuck"])
            self.clock.time += 60
            self.engine.tick()
            counts.append(self.fleet.count)
        return counts


def test_scaling_out_needs_three_minutes_above_the_target_and_is_proportional() -> None:
    world = World(count=1)
    world.track(5)

    assert world.minutes(3, backlog=15) == [1, 1, 3]


def test_scaling_in_to_zero_needs_fifteen_minutes_below_ninety_percent() -> None:
    world = World(count=1)
    world.track(5)

    assert world.minutes(15, backlog=0) == [1] * 14 + [0]


def test_between_ninety_percent_and_the_target_nothing_happens() -> None:
    world = World(count=2)
    world.track(10)

    assert world.minutes(30, backlog=9.5) == [2] * 30


def test_without_data_nothing_happens() -> None:
    world = World(count=2)
    world.track(5)

    assert world.minutes(40) == [2] * 40


def test_capacity_stays_within_the_bounds_of_the_target() -> None:
    world = World(count=1, low=1, high=2)
    world.track(1)

    assert world.minutes(5, backlog=50)[-1] == 2
    assert world.minutes(40, backlog=0)[-1] == 1


def test_disabled_scale_in_never_removes() -> None:
    world = World(count=2)
    world.track(5, DisableScaleIn=True)

    assert world.minutes(40, backlog=0)[-1] == 2


def test_a_cool_down_holds_back_the_next_scale_in() -> None:
    world = World(count=4)
    world.track(10, ScaleInCooldown=600)

    counts = world.minutes(30, backlog=5)

    # 4 × 5/10 = 2 after 15 minutes, then 10 minutes of cool-down before 2 × 5/10 = 1.
    assert counts[13:15] == [4, 2]
    assert counts[24 - 1] == 2
    assert counts[-1] == 1


def test_while_scaling_out_cools_down_only_a_larger_need_adds_more() -> None:
    world = World(count=1, high=9)
    world.track(5, ScaleOutCooldown=600)

    assert world.minutes(4, backlog=15)[-1] == 3
    assert world.minutes(2, backlog=15)[-1] == 3, "the added capacity is already counted"
    assert world.minutes(2, backlog=40)[-1] == 8


def test_the_step_policy_wakes_from_zero_once() -> None:
    world = World(count=0)
    world.wake_by_step()

    assert world.minutes(2, stuck=0) == [0, 0]
    assert world.minutes(4, stuck=1) == [1, 1, 1, 1], "the cool-down starts from the old capacity"
    assert world.minutes(5, stuck=0)[-1] == 1, "and it never scales in"


def test_the_alarm_repeats_its_action_after_the_cool_down() -> None:
    world = World(count=0)
    world.wake_by_step(cooldown=120)

    assert world.minutes(4, stuck=1) == [1, 1, 2, 2]


def test_an_endpoint_that_is_being_updated_is_left_alone() -> None:
    world = World(count=0)
    world.wake_by_step()
    world.fleet.busy = True

    assert world.minutes(3, stuck=1) == [0, 0, 0]
    world.fleet.busy = False
    assert world.minutes(1, stuck=1) == [1]


def test_all_tracking_policies_must_agree_before_one_scales_in() -> None:
    world = World(count=2)
    world.track(5)
    world.track(0.1, name="never")
    world.store.put(BACKLOG, 0, 0)

    assert world.minutes(20, backlog=0.1)[-1] == 2


def test_suspended_scaling_out_does_nothing() -> None:
    world = World(count=0)
    world.wake_by_step()
    world.registry.register({**IDENTITY, "SuspendedState": {"DynamicScalingOutSuspended": True}})

    assert world.minutes(3, stuck=1) == [0, 0, 0]


def test_a_policy_keeps_its_arn_when_it_is_changed() -> None:
    world = World(count=1)
    world.track(5)
    before = world.registry.policies()[0].arn
    world.track(9)

    assert [policy.arn for policy in world.registry.policies()] == [before]


def test_policies_go_with_their_target() -> None:
    world = World(count=1)
    world.track(5)
    world.registry.deregister(IDENTITY)

    assert world.registry.policies() == []
    with pytest.raises(ObjectNotFoundException):
        world.track(5)


def test_a_variant_that_does_not_exist_cannot_be_registered() -> None:
    world = World(count=1)

    with pytest.raises(ValidationException, match="doesn't exist"):
        world.registry.register(
            {**IDENTITY, "ResourceId": "endpoint/x/variant/v", "MinCapacity": 0, "MaxCapacity": 1}
        )
    with pytest.raises(ValidationException, match="Maximum capacity"):
        world.registry.register({**IDENTITY, "MinCapacity": 3, "MaxCapacity": 1})
