"""Operator alarms on metrics that AWS services publish by themselves."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from local_aws.testing import EmbeddedAws


def alarm(aws: EmbeddedAws, name: str, **wanted: Any) -> None:
    dimensions = wanted.pop("dimensions", {})
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Period=60,
        EvaluationPeriods=1,
        Threshold=wanted.pop("threshold", 1),
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        **wanted,
    )


def state(aws: EmbeddedAws, name: str) -> str:
    found = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(found[0]["StateValue"])


def becomes(aws: EmbeddedAws, name: str, wanted: str, timeout: float = 15) -> bool:
    """Whether the alarm reaches a state; a minute of AWS time lasts 2 s here."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if state(aws, name) == wanted:
            return True
        time.sleep(0.2)
    return False


def test_a_message_in_one_queue_alarms_that_queue_only_until_it_is_gone(
    aws: EmbeddedAws,
) -> None:
    sqs, sns = aws.client("sqs"), aws.client("sns")
    urls = {n: sqs.create_queue(QueueName=n)["QueueUrl"] for n in ("dead-one", "dead-two", "told")}
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    told = sqs.get_queue_attributes(QueueUrl=urls["told"], AttributeNames=["QueueArn"])
    arn = told["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=urls["told"], Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for name in ("dead-one", "dead-two"):
        alarm(
            aws,
            name,
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Statistic="Maximum",
            dimensions={"QueueName": name},
            AlarmActions=[topic],
        )
    sqs.send_message(QueueUrl=urls["dead-one"], MessageBody="poison")

    assert becomes(aws, "dead-one", "ALARM")
    assert becomes(aws, "dead-two", "OK")
    message = sqs.receive_message(QueueUrl=urls["told"], WaitTimeSeconds=5)["Messages"][0]
    notice = json.loads(json.loads(message["Body"])["Message"])
    assert (notice["AlarmName"], notice["NewStateValue"]) == ("dead-one", "ALARM")
    sqs.purge_queue(QueueUrl=urls["dead-one"])
    assert becomes(aws, "dead-one", "OK")


def test_a_failed_execution_is_counted_for_its_state_machine(aws: EmbeddedAws) -> None:
    states = aws.client("stepfunctions")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "states.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = aws.client("iam").create_role(
        RoleName="alarms-states", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    definition = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "No"}}}
    machine = states.create_state_machine(
        name="alarms", roleArn=role, definition=json.dumps(definition)
    )["stateMachineArn"]
    alarm(
        aws,
        "failed",
        Namespace="AWS/States",
        MetricName="ExecutionsFailed",
        Statistic="Sum",
        dimensions={"StateMachineArn": machine},
    )

    states.start_execution(stateMachineArn=machine)

    assert becomes(aws, "failed", "ALARM")


def test_calls_of_an_api_are_counted_by_stage_and_status(aws: EmbeddedAws) -> None:
    gateway = aws.client("apigateway")
    api = gateway.create_rest_api(name="alarmed")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(
        restApiId=api,
        resourceId=root,
        httpMethod="GET",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:us-east-1:000000000000:function:absent/invocations",
    )
    gateway.create_deployment(restApiId=api, stageName="v1")
    for name, statistic in (
        ("faults", {"Statistic": "Sum"}),
        ("slow", {"ExtendedStatistic": "p99"}),
    ):
        alarm(
            aws,
            f"api-{name}",
            Namespace="AWS/ApiGateway",
            MetricName="5XXError" if name == "faults" else "Latency",
            dimensions={"ApiName": "alarmed", "Stage": "v1"},
            threshold=0.01,
            **statistic,
        )

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{aws.endpoint}/restapis/{api}/v1/_user_request_/", timeout=10)
    caught.value.close()

    assert caught.value.code >= 500
    assert becomes(aws, "api-faults", "ALARM")
    assert becomes(aws, "api-faults", "OK")
    history = aws.client("cloudwatch").describe_alarm_history(AlarmName="api-slow")
    assert any("to ALARM" in item["HistorySummary"] for item in history["AlarmHistoryItems"])
