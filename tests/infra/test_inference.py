"""The endpoint: asynchronous, from zero, replaceable, and bound to its adapters' prefixes."""

from __future__ import annotations

from typing import Any, get_args

from inference.settings import Precision
from infra.settings import BaseModelSettings
from tests.infra.cloud import Cloud, Resource, text


def config(cloud: Cloud) -> dict[str, Any]:
    return cloud.one("AWS::SageMaker::EndpointConfig").properties


def variant(cloud: Cloud) -> dict[str, Any]:
    (found,) = config(cloud)["ProductionVariants"]
    return dict(found)


def test_the_configuration_has_no_name_so_that_every_change_makes_a_new_one(cloud: Cloud) -> None:
    assert "EndpointConfigName" not in config(cloud)
    endpoint = cloud.one("AWS::SageMaker::Endpoint").properties
    assert text(endpoint["EndpointConfigName"]).endswith(".EndpointConfigName>")
    assert "ModelName" not in cloud.one("AWS::SageMaker::Model").properties


def test_results_failures_and_news_have_their_places(cloud: Cloud) -> None:
    output = config(cloud)["AsyncInferenceConfig"]["OutputConfig"]
    assert text(output["S3OutputPath"]).endswith("/results")
    assert text(output["S3FailurePath"]).endswith("/failures")
    assert "DataKey" in text(output["KmsKeyId"])
    news = output["NotificationConfig"]
    assert "Success" in text(news["SuccessTopic"])
    assert "Error" in text(news["ErrorTopic"])


def test_an_instance_takes_as_many_requests_at_once_as_the_settings_say(cloud: Cloud) -> None:
    client = config(cloud)["AsyncInferenceConfig"]["ClientConfig"]
    expected = cloud.settings.endpoint.concurrent_invocations
    assert client == {"MaxConcurrentInvocationsPerInstance": expected}


def test_several_instance_types_are_a_pool_in_their_order(cloud: Cloud) -> None:
    found = variant(cloud)
    assert "InstanceType" not in found  # InstancePools takes its place
    types = [each["InstanceType"] for each in found["InstancePools"]]
    assert types == cloud.settings.endpoint.instance_types
    assert [each["Priority"] for each in found["InstancePools"]] == [*range(1, len(types) + 1)]


def test_a_large_model_has_time_to_arrive(aws_cloud: Cloud) -> None:
    found = variant(aws_cloud)
    assert found["ModelDataDownloadTimeoutInSeconds"] >= 1200
    assert found["ContainerStartupHealthCheckTimeoutInSeconds"] >= 1200


def container(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = cloud.one("AWS::SageMaker::Model").properties["PrimaryContainer"]
    return found


def test_the_model_is_a_prefix_that_is_not_packed(cloud: Cloud) -> None:
    source = container(cloud)["ModelDataSource"]["S3DataSource"]
    assert source["CompressionType"] == "None"
    assert source["S3DataType"] == "S3Prefix"
    assert text(source["S3Uri"]).endswith(f"/base/{cloud.settings.base_model.id}/")


def test_the_container_is_the_pinned_one_of_the_region(cloud: Cloud) -> None:
    registry, rest = container(cloud)["Image"].split("/")
    assert registry.endswith(f".dkr.ecr.{cloud.settings.region}.amazonaws.com")
    assert rest.startswith("huggingface-pytorch-inference:2.6.0-transformers5.5.3-gpu-py312")


def test_the_model_server_allows_what_asynchronous_inference_allows(cloud: Cloud) -> None:
    variables = {name: text(value) for name, value in container(cloud)["Environment"].items()}
    assert variables["SAGEMAKER_MODEL_SERVER_WORKERS"] == "1"
    assert variables["MMS_DEFAULT_RESPONSE_TIMEOUT"] == "3600"
    assert int(variables["MMS_MAX_REQUEST_SIZE"]) >= 6 * 1024 * 1024
    # Four images of 1536×640 as PNG in base64.
    assert int(variables["MMS_MAX_RESPONSE_SIZE"]) >= 4 * 1536 * 640 * 3 * 4 / 3
    assert variables["ADAPTER_PREFIX_URI"].endswith("/adapters/")
    assert variables["WORK_PREFIX_URI"].endswith("/generations/")
    assert variables["SERVING_CODE_URI"].startswith("s3://")
    assert variables["BASE_MODEL_ID"] == cloud.settings.base_model.id
    tiers = cloud.settings.endpoint
    assert int(variables["ADAPTER_HOST_BYTES"]) == int(tiers.adapter_host_gb * 1024**3)
    assert int(variables["ADAPTER_DEVICE_BYTES"]) == int(tiers.adapter_device_gb * 1024**3)
    # Only a container has a first process of its own to write through.
    assert ("METRICS_FILE" in variables) is not cloud.settings.is_local


def test_every_number_format_that_can_be_set_is_one_that_the_endpoint_knows() -> None:
    settable = get_args(BaseModelSettings.model_fields["precision"].annotation)
    assert set(settable) == {precision.value for precision in Precision}


def target(cloud: Cloud) -> Resource:
    return cloud.one("AWS::ApplicationAutoScaling::ScalableTarget")


def test_it_scales_from_zero(cloud: Cloud) -> None:
    properties = target(cloud).properties
    endpoint = cloud.one("AWS::SageMaker::Endpoint").name
    assert properties["MinCapacity"] == 0
    assert properties["MaxCapacity"] == cloud.settings.endpoint.max_instances
    assert properties["ScalableDimension"] == "sagemaker:variant:DesiredInstanceCount"
    name = variant(cloud)["VariantName"]
    assert text(properties["ResourceId"]) == f"endpoint/<{endpoint}.EndpointName>/variant/{name}"


def test_the_target_goes_before_the_endpoint(cloud: Cloud) -> None:
    assert cloud.one("AWS::SageMaker::Endpoint").name in target(cloud).body["DependsOn"]


def policies(cloud: Cloud) -> dict[str, Resource]:
    found = cloud.all("AWS::ApplicationAutoScaling::ScalingPolicy")
    assert all(
        text(each.properties["ScalingTargetId"]) == f"<{target(cloud).name}>" for each in found
    )
    return {each.properties["PolicyName"]: each for each in found}


def test_it_follows_the_backlog_per_instance(cloud: Cloud) -> None:
    policy = policies(cloud)["follow-backlog"].properties
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    endpoint = cloud.one("AWS::SageMaker::Endpoint").name
    metric = tracking["CustomizedMetricSpecification"]
    (dimension,) = metric.pop("Dimensions")
    assert metric == {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Namespace": "AWS/SageMaker",
        "Statistic": "Average",
    }
    assert (dimension["Name"], text(dimension["Value"])) == (
        "EndpointName",
        f"<{endpoint}.EndpointName>",
    )
    assert tracking["TargetValue"] == cloud.settings.endpoint.backlog_per_instance
    assert tracking["DisableScaleIn"] is True  # in proportion to one minute's value: far too much


def test_it_wakes_when_somebody_waits_and_nobody_serves(cloud: Cloud) -> None:
    policy = policies(cloud)["wake-from-zero"]
    steps = policy.properties["StepScalingPolicyConfiguration"]
    assert steps["AdjustmentType"] == "ChangeInCapacity"
    assert steps["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]
    alarm = cloud.one("AWS::CloudWatch::Alarm", "NobodyServes").properties
    assert text(alarm["AlarmActions"][0]) == f"<{policy.name}>"
    assert alarm["Namespace"] == "AWS/SageMaker"
    assert alarm["MetricName"] == "HasBacklogWithoutCapacity"
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm["Threshold"] == 1
    assert alarm["Period"] == 60  # SageMaker publishes it once a minute
    assert [each["Name"] for each in alarm["Dimensions"]] == ["EndpointName"]


def test_instances_leave_one_by_one_after_minutes_with_little_to_do(cloud: Cloud) -> None:
    policy, settings = policies(cloud)["rest"], cloud.settings.endpoint
    steps = policy.properties["StepScalingPolicyConfiguration"]
    (step,) = steps["StepAdjustments"]
    assert steps["AdjustmentType"] == "PercentChangeInCapacity"
    assert steps["MinAdjustmentMagnitude"] == 1
    assert -50 < step["ScalingAdjustment"] < 0
    assert step["MetricIntervalUpperBound"] == 0
    alarm = cloud.one("AWS::CloudWatch::Alarm", "LittleToDo").properties
    assert text(alarm["AlarmActions"][0]) == f"<{policy.name}>"
    assert alarm["Threshold"] == settings.scale_in_below
    assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"] == settings.scale_in_periods
    assert alarm["Period"] >= 300  # a visitor looks at a picture for a minute
    assert [each["Name"] for each in alarm["Dimensions"]] == ["EndpointName"]


def test_nothing_scales_in_on_the_waking_metric(cloud: Cloud) -> None:
    for alarm in cloud.all("AWS::CloudWatch::Alarm"):
        actions = {text(each) for each in alarm.properties.get("AlarmActions", [])}
        if alarm.properties.get("MetricName") != "HasBacklogWithoutCapacity":
            continue
        for policy in policies(cloud).values():
            if f"<{policy.name}>" in actions:
                steps = policy.properties["StepScalingPolicyConfiguration"]
                assert all(each["ScalingAdjustment"] > 0 for each in steps["StepAdjustments"])


def test_both_topics_reach_the_function_that_screens(cloud: Cloud) -> None:
    endpoints = [
        text(each.properties["Endpoint"])
        for each in cloud.all("AWS::SNS::Subscription")
        if each.stack == "inference"
    ]
    assert len(endpoints) == 2
    assert len(set(endpoints)) == 1
    for each in cloud.all("AWS::SNS::Subscription"):
        assert not each.properties.get("RawMessageDelivery"), each
