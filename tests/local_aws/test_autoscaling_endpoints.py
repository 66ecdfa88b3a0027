"""Scale to zero and back, with nothing but the deployed template's policies and alarms."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.testing import EmbeddedAws, embedded_aws
from tests.local_aws import conftest
from tests.local_aws.sagemaker_serving import VARIANT, Serving
from tests.local_aws.sagemaker_world import IMAGE, World, until

SPEED = 120.0  # a minute of AWS lasts half a second
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"


@pytest.fixture(scope="module")
def fast_aws() -> Iterator[EmbeddedAws]:
    with embedded_aws(speed=SPEED) as running:
        yield running


@pytest.fixture
def world(fast_aws: EmbeddedAws) -> World:
    make: Callable[..., str] = conftest.make_role.__wrapped__(fast_aws)  # type: ignore[attr-defined]
    return World(fast_aws, make)


def template(world: World, serving: Serving, dimensions: dict[str, Any]) -> dict[str, Any]:
    """Model to policies, as CDK writes them; `dimensions` are those of the waking alarm."""
    source = {"S3Uri": world.uri("model/"), "S3DataType": "S3Prefix", "CompressionType": "None"}
    endpoint = {"Fn::GetAtt": ["Endpoint", "EndpointName"]}
    resource = {"Fn::Join": ["", ["endpoint/", endpoint, f"/variant/{VARIANT}"]]}
    return {
        "Resources": {
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {
                    "ExecutionRoleArn": world.role,
                    "PrimaryContainer": {
                        "Image": IMAGE,
                        "ModelDataSource": {"S3DataSource": source},
                        "Environment": {"GREETING": {"Ref": "Greeting"}},
                    },
                },
            },
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {
                    "ProductionVariants": [
                        {
                            "VariantName": VARIANT,
                            "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                            "InstanceType": "ml.g5.xlarge",
                            "InitialInstanceCount": 1,
                            "InitialVariantWeight": 1.0,
                        }
                    ],
                    "AsyncInferenceConfig": {
                        "OutputConfig": {
                            "S3OutputPath": world.uri("results/"),
                            "S3FailurePath": world.uri("failures/"),
                            "NotificationConfig": serving.topics,
                        }
                    },
                },
            },
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Properties": {
                    "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}
                },
            },
            "Target": {
                "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
                "Properties": {
                    "MinCapacity": 0,
                    "MaxCapacity": 2,
                    "ResourceId": resource,
                    "ScalableDimension": _DIMENSION,
                    "ServiceNamespace": "sagemaker",
                },
            },
            "Tracking": {
                "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
                "Properties": {
                    "PolicyName": "tracking",
                    "PolicyType": "TargetTrackingScaling",
                    "ScalingTargetId": {"Ref": "Target"},
                    "TargetTrackingScalingPolicyConfiguration": {
                        "TargetValue": 5,
                        "ScaleInCooldown": 60,
                        "CustomizedMetricSpecification": {
                            "MetricName": "ApproximateBacklogSizePerInstance",
                            "Namespace": "AWS/SageMaker",
                            "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
                            "Statistic": "Average",
                        },
                    },
                },
            },
            "Waking": {
                "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
                "Properties": {
                    "PolicyName": "waking",
                    "PolicyType": "StepScaling",
                    "ScalingTargetId": {"Ref": "Target"},
                    "StepScalingPolicyConfiguration": {
                        "AdjustmentType": "ChangeInCapacity",
                        "Cooldown": 300,
                        "StepAdjustments": [
                            {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}
                        ],
                    },
                },
            },
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": "HasBacklogWithoutCapacity",
                    "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
                    "Statistic": "Maximum",
                    "Period": 60,
                    "EvaluationPeriods": 1,
                    "Threshold": 1,
                    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                    "TreatMissingData": "notBreaching",
                    "AlarmActions": [{"Ref": "Waking"}],
                },
            },
        },
        "Parameters": {"Greeting": {"Type": "String", "Default": "hello"}},
        "Outputs": {
            "Name": {"Value": endpoint},
            "Arn": {"Value": {"Ref": "Endpoint"}},
            "Policy": {"Value": {"Ref": "Waking"}},
            "Target": {"Value": {"Ref": "Target"}},
        },
    }


class Stack:
    """The template, deployed."""

    def __init__(self, world: World, serving: Serving, **dimensions: Any) -> None:
        self.name = f"scaling-{world.id}"
        self.serving = serving
        self.cloudformation = world.aws.client("cloudformation")
        if not dimensions:
            dimensions = {"EndpointName": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}
        self.body = json.dumps(template(world, serving, dimensions))
        self.cloudformation.create_stack(StackName=self.name, TemplateBody=self.body)
        self.outputs = self.wait("CREATE_COMPLETE")
        serving.name = self.outputs["Name"]

    def wait(self, status: str) -> dict[str, str]:
        def look() -> Any:
            stack = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
            ended = not stack["StackStatus"].endswith("IN_PROGRESS")
            return stack if ended else None

        stack = until(look)
        assert stack["StackStatus"] == status, stack
        return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)

        def gone() -> bool:
            try:
                self.cloudformation.describe_stacks(StackName=self.name)
            except ClientError:
                return True
            return False

        until(gone)


def test_an_idle_endpoint_goes_to_zero_processes_and_a_request_wakes_it(world: World) -> None:
    serving = Serving(world)
    stack = Stack(world, serving)
    assert len(serving.pids()) == 1

    began = time.monotonic()
    until(lambda: serving.describe()["ProductionVariants"][0]["DesiredInstanceCount"] == 0)
    idle_minutes = (time.monotonic() - began) * SPEED / 60
    until(lambda: not serving.pids())
    assert serving.count() == 0
    assert idle_minutes >= 13, "fifteen data points below 90% of the target come first"

    began = time.monotonic()
    response = serving.invoke({"echo": "wake up"})
    topic, _ = serving.notified(response)
    print(f"woke in {time.monotonic() - began:.2f} s at speed {SPEED:.0f}")

    assert topic == "success"
    assert len(serving.pids()) == 1
    activities = world.aws.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="sagemaker"
    )["ScalingActivities"]
    causes = [activity["Cause"] for activity in activities]
    assert any("waking" in cause for cause in causes)
    stack.delete()
    assert serving.pids() == []
    assert world.sagemaker.list_endpoints(NameContains=serving.name)["Endpoints"] == []


def test_an_alarm_on_the_wrong_dimensions_never_wakes_the_endpoint(world: World) -> None:
    serving = Serving(world)
    endpoint = {"Fn::GetAtt": ["Endpoint", "EndpointName"]}
    stack = Stack(world, serving, EndpointName=endpoint, VariantName=VARIANT)
    until(lambda: serving.describe()["ProductionVariants"][0]["DesiredInstanceCount"] == 0)

    serving.invoke({"echo": "anybody there?"})
    time.sleep(10 * 60 / SPEED)

    assert serving.pids() == []
    stack.delete()


def test_an_endpoint_is_not_deleted_while_it_is_a_scalable_target(world: World) -> None:
    serving = Serving(world)
    stack = Stack(world, serving)

    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        world.sagemaker.delete_endpoint(EndpointName=serving.name)

    stack.delete()


def test_a_changed_model_replaces_its_configuration_and_updates_the_endpoint(
    world: World,
) -> None:
    serving = Serving(world)
    stack = Stack(world, serving)
    before = serving.describe()["EndpointConfigName"]
    (pid,) = serving.pids()

    stack.cloudformation.update_stack(
        StackName=stack.name,
        TemplateBody=stack.body,
        Parameters=[{"ParameterKey": "Greeting", "ParameterValue": "good evening"}],
    )
    outputs = stack.wait("UPDATE_COMPLETE")

    assert outputs == stack.outputs, "the endpoint, its target and its policies stay"
    after = serving.describe()["EndpointConfigName"]
    assert after != before
    assert pid not in serving.pids()
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        world.sagemaker.describe_endpoint_config(EndpointConfigName=before)
    stack.delete()


def test_a_stack_whose_container_does_not_start_says_why(world: World) -> None:
    serving = Serving(world)
    world.s3.delete_object(Bucket=world.bucket, Key="model/code/inference.py")
    dimensions = {"EndpointName": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}
    cloudformation = world.aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=f"broken-{world.id}",
        TemplateBody=json.dumps(template(world, serving, dimensions)),
    )

    def reasons() -> Any:
        events = cloudformation.describe_stack_events(StackName=f"broken-{world.id}")
        return [e for e in events["StackEvents"] if e["ResourceStatus"] == "CREATE_FAILED"]

    found = until(reasons)
    assert any("ping health check" in e.get("ResourceStatusReason", "") for e in found)
    until(lambda: not world.sagemaker.list_endpoints(NameContains="Endpoint-")["Endpoints"])


def test_physical_ids_are_those_of_aws(world: World) -> None:
    stack = Stack(world, Serving(world))
    name, outputs = stack.serving.name, stack.outputs

    assert outputs["Arn"] == f"arn:aws:sagemaker:us-east-1:000000000000:endpoint/{name}".lower()
    assert outputs["Target"] == f"endpoint/{name}/variant/{VARIANT}|{_DIMENSION}|sagemaker"
    assert outputs["Policy"].startswith("arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:")
    described = world.aws.client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker", PolicyNames=["waking"]
    )["ScalingPolicies"]
    assert outputs["Policy"] in [policy["PolicyARN"] for policy in described]
    stack.delete()
