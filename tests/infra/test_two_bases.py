"""An environment with two base models and a hosted one: an endpoint each, one way for all results.

`tests/e2e/several` deploys such a one, outside of the default run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.settings import MAX_MORE_BASE_MODELS
from tests.infra.cloud import HOSTED, Cloud, Resource, synthesize, text
from tests.infra.test_lint import findings
from tests.infra.test_settings import MORE, changed
from tests.infra.test_suppressions import test_every_environment_is_clean as is_clean

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT, SECOND = "sdxl-base-1.0", "sd-1.5"
MACHINES = {"instance_types": ["ml.g4dn.xlarge"], "max_instances": 3}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """Production with a second base model, and with a hosted one."""
    more = {**MORE, "endpoint": MACHINES, "training_instance_type": "ml.g6.xlarge"}
    environments = changed(
        "prod", more_base_models=[more], domain__generation__subjectless_backend=HOSTED
    )
    return synthesize("prod", tmp_path_factory.mktemp("two"), environments)


def model_of(cloud: Cloud, resource: Resource) -> str:
    """The base model that an endpoint's configuration or model is for."""
    names = {f"<{each.name}>": each for each in cloud.all("AWS::SageMaker::Model")}
    if resource.type == "AWS::SageMaker::EndpointConfig":
        (variant,) = resource.properties["ProductionVariants"]
        resource = names["<" + text(variant["ModelName"]).strip("<>").split(".")[0] + ">"]
    return str(resource.properties["PrimaryContainer"]["Environment"]["BASE_MODEL_ID"])


def endpoint_names(cloud: Cloud) -> dict[str, str]:
    """Base model → the name of its endpoint, as a template writes it."""
    configs = {
        f"<{each.name}.EndpointConfigName>": each
        for each in cloud.all("AWS::SageMaker::EndpointConfig")
    }
    return {
        model_of(cloud, configs[text(each.properties["EndpointConfigName"])]): each.name
        for each in cloud.all("AWS::SageMaker::Endpoint")
    }


def test_each_base_has_an_endpoint_that_loads_its_weights(two: Cloud) -> None:
    assert set(endpoint_names(two)) == {DEFAULT, SECOND}
    for model in two.all("AWS::SageMaker::Model"):
        source = model.properties["PrimaryContainer"]["ModelDataSource"]["S3DataSource"]
        assert text(source["S3Uri"]).endswith(f"/base/{model_of(two, model)}/")


def test_each_endpoint_has_its_own_machines(two: Cloud) -> None:
    configs = {model_of(two, c): c for c in two.all("AWS::SageMaker::EndpointConfig")}
    (second,) = configs[SECOND].properties["ProductionVariants"]
    assert second["InstanceType"] == "ml.g4dn.xlarge"
    (first,) = configs[DEFAULT].properties["ProductionVariants"]
    types = [each["InstanceType"] for each in first["InstancePools"]]
    assert types == two.settings.endpoint.instance_types


def test_both_leave_their_results_and_news_in_the_same_place(two: Cloud) -> None:
    outputs = [
        {name: text(value) for name, value in output.items() if name != "NotificationConfig"}
        | {name: text(value) for name, value in output["NotificationConfig"].items()}
        for config in two.all("AWS::SageMaker::EndpointConfig")
        for output in [config.properties["AsyncInferenceConfig"]["OutputConfig"]]
    ]
    first, second = outputs
    assert first == second


def test_each_endpoint_scales_from_zero_by_its_own_backlog(two: Cloud) -> None:
    capacity = {
        text(each.properties["ResourceId"]).split("<")[1].split(".")[0]: each.properties
        for each in two.all("AWS::ApplicationAutoScaling::ScalableTarget")
    }
    names = endpoint_names(two)
    assert {base: capacity[name]["MinCapacity"] for base, name in names.items()} == {
        DEFAULT: 0,
        SECOND: 0,
    }
    assert {base: capacity[name]["MaxCapacity"] for base, name in names.items()} == {
        DEFAULT: two.settings.endpoint.max_instances,
        SECOND: 3,
    }
    policies = two.all("AWS::ApplicationAutoScaling::ScalingPolicy")
    assert (
        len({(text(p.properties["ScalingTargetId"]), p.properties["PolicyType"]) for p in policies})
        == 4
    )
    waking = [a for a in two.all("AWS::CloudWatch::Alarm") if "NobodyServes" in a.name]
    watched = {text(alarm.properties["Dimensions"][0]["Value"]) for alarm in waking}
    assert watched == {f"<{name}.EndpointName>" for name in names.values()}
    woken = {text(alarm.properties["AlarmActions"][0]) for alarm in waking}
    assert len(woken) == 2


def test_the_api_knows_and_may_use_exactly_the_two(two: Cloud) -> None:
    function = two.one("AWS::Lambda::Function", "AnsweringGenerations").properties
    variables = {n: text(v) for n, v in function["Environment"]["Variables"].items()}
    told = json.loads(variables["ENDPOINT_NAMES"])
    names = endpoint_names(two)
    assert set(told) == {DEFAULT, SECOND}
    assert all(names[base] in exported for base, exported in told.items())
    rights = {r for r in two.rights("GenerationsRole") if r.startswith("sagemaker:")}
    assert len(rights) == 4
    for action in ("InvokeEndpointAsync", "DescribeEndpoint"):
        for name in names.values():
            assert any(r.startswith(f"sagemaker:{action} ") and name in r for r in rights)


def test_nobody_else_may_use_an_endpoint(two: Cloud) -> None:
    using = {
        statement.role
        for statement in two.statements()
        if "sagemaker:InvokeEndpointAsync" in statement.actions
    }
    assert len(using) == 1


def test_trainings_on_each_base_have_the_machine_that_the_settings_say(two: Cloud) -> None:
    prepare = two.one("AWS::Lambda::Function", "Prepare").properties
    types = json.loads(prepare["Environment"]["Variables"]["TRAINING_INSTANCE_TYPES"])
    assert types == {DEFAULT: two.settings.training.instance_type, SECOND: "ml.g6.xlarge"}


def test_each_endpoint_has_its_alarms_and_its_part_of_the_dashboard(two: Cloud) -> None:
    for metric in ("ApproximateAgeOfOldestRequest", "Invocation5XXErrors", "InvocationFailures"):
        alarms = [
            each.properties
            for each in two.all("AWS::CloudWatch::Alarm")
            if each.properties["MetricName"] == metric
        ]
        endpoints = {
            text(dimension["Value"])
            for alarm in alarms
            for dimension in alarm["Dimensions"]
            if dimension["Name"] == "EndpointName"
        }
        assert len(alarms) == len(endpoints) == 2, metric
    body = text(two.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"])
    for base in (DEFAULT, SECOND):
        assert f"Endpoint of {base}: what waits" in body


def test_the_outputs_name_both_endpoints(two: Cloud) -> None:
    outputs = two.templates["inference"]["Outputs"]
    names = {name: text(value["Value"]) for name, value in outputs.items()}
    expected = endpoint_names(two)
    assert names["EndpointName"] == f"<{expected[DEFAULT]}.EndpointName>"
    assert names["EndpointNamesd15"] == f"<{expected[SECOND]}.EndpointName>"


def test_a_second_base_leaves_everything_of_the_first_in_its_place(
    two: Cloud, cloud_of: Callable[[str], Cloud]
) -> None:
    one = {str(each): each.type for each in cloud_of("prod").resources()}
    both = {str(each): each.type for each in two.resources()}
    replaced = {name: kind for name, kind in one.items() if both.get(name) != kind}
    # A deployment of an API is named by the hash of what it deploys.
    assert set(replaced.values()) <= {"AWS::ApiGateway::Deployment"}


def test_it_is_clean(two: Cloud) -> None:
    is_clean(two)
    for stack in ("inference", "observability"):
        assert findings(two, f"*-{stack}") == []


def test_environments_of_functions_fit_with_every_base_model_that_settings_allow(
    two: Cloud,
) -> None:
    # An endpoint's name, or a machine's, beside an id: at most 63 characters each, in quotes.
    a_base = len(json.dumps({"i" * 63: "n" * 63}))
    for function in two.all("AWS::Lambda::Function"):
        variables = function.properties["Environment"]["Variables"]
        size = sum(len(name) + len(text(value)) for name, value in variables.items())
        assert size + (MAX_MORE_BASE_MODELS - 1) * a_base < 4096 - 500, function
