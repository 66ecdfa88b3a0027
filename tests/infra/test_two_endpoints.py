"""An environment whose base model is served by two equal endpoints.

That its templates are clean is a test of `test_painting.py`: both look at the same environment.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from tests.infra.cloud import Cloud, text

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_OUTPUT, SECOND_OUTPUT = "EndpointName", "EndpointName2"


def names(cloud: Cloud) -> tuple[str, str]:
    """The logical names of the two endpoints, in the order of their outputs."""
    outputs = cloud.templates["inference"]["Outputs"]
    first, second = (
        text(outputs[name]["Value"]).removeprefix("<").removesuffix(".EndpointName>")
        for name in (FIRST_OUTPUT, SECOND_OUTPUT)
    )
    return first, second


def test_both_load_the_same_weights_on_the_same_machines(wide: Cloud) -> None:
    assert {each.name for each in wide.all("AWS::SageMaker::Endpoint")} == set(names(wide))
    first, second = wide.all("AWS::SageMaker::Model")
    assert first.properties == second.properties
    variants = [
        {**variant, "ModelName": None}
        for config in wide.all("AWS::SageMaker::EndpointConfig")
        for variant in config.properties["ProductionVariants"]
    ]
    assert variants[0] == variants[1]


def test_each_has_a_target_and_three_policies_that_watch_its_own_queue(wide: Cloud) -> None:
    targets = {
        each.name: text(each.properties["ResourceId"]).split("<")[1].split(".")[0]
        for each in wide.all("AWS::ApplicationAutoScaling::ScalableTarget")
    }
    assert sorted(targets.values()) == sorted(names(wide))
    owners = Counter[str]()
    watched = {}
    for policy in wide.all("AWS::ApplicationAutoScaling::ScalingPolicy"):
        owner = targets[text(policy.properties["ScalingTargetId"]).strip("<>")]
        owners[owner] += 1
        tracking = policy.properties.get("TargetTrackingScalingPolicyConfiguration")
        if tracking:
            (dimension,) = tracking["CustomizedMetricSpecification"]["Dimensions"]
            watched[owner] = text(dimension["Value"])
        for alarm in wide.all("AWS::CloudWatch::Alarm"):
            if f"<{policy.name}>" in map(text, alarm.properties.get("AlarmActions", [])):
                (dimension,) = alarm.properties["Dimensions"]
                assert text(dimension["Value"]) == f"<{owner}.EndpointName>"
    assert owners == dict.fromkeys(names(wide), 3)
    assert watched == {name: f"<{name}.EndpointName>" for name in names(wide)}


def test_the_api_is_told_both_and_may_use_exactly_those(wide: Cloud) -> None:
    function = wide.one("AWS::Lambda::Function", "AnsweringGenerations").properties
    told = json.loads(text(function["Environment"]["Variables"]["ENDPOINT_NAMES"]))
    first, second = told.pop(wide.settings.base_model.id).split(" ")
    assert not told
    assert (names(wide)[0] in first, names(wide)[1] in second) == (True, True)
    rights = {r for r in wide.rights("GenerationsRole") if r.startswith("sagemaker:")}
    for action in ("InvokeEndpointAsync", "DescribeEndpoint"):
        for name in names(wide):
            (right,) = {r for r in rights if r.startswith(f"sagemaker:{action} ") and name in r}
            rights.remove(right)
    assert not rights


def test_each_has_its_alarms_and_its_part_of_the_dashboard(wide: Cloud) -> None:
    for metric in ("ApproximateAgeOfOldestRequest", "Invocation5XXErrors", "InvocationFailures"):
        alarms = [
            {d["Name"]: text(d["Value"]) for d in each.properties["Dimensions"]}["EndpointName"]
            for each in wide.all("AWS::CloudWatch::Alarm")
            if each.properties["MetricName"] == metric
        ]
        assert len(alarms) == len(set(alarms)) == 2, metric
    body = text(wide.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"])
    base = wide.settings.base_model.id
    for label in (base, f"{base}, 2"):
        assert f"Endpoint of {label}: what waits" in body


def test_a_second_endpoint_leaves_everything_else_in_its_place(
    wide: Cloud, cloud_of: Callable[[str], Cloud]
) -> None:
    one = {str(each): each.type for each in cloud_of("dev").resources()}
    both = {str(each): each.type for each in wide.resources()}
    replaced = {name: kind for name, kind in one.items() if both.get(name) != kind}
    # A deployment of an API is named by the hash of what it deploys.
    assert set(replaced.values()) <= {"AWS::ApiGateway::Deployment"}
