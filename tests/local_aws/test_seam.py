"""The contract with the emulator: each function of the seam, against a running instance."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.testing import EmbeddedAws
from tests.local_aws.conftest import allow

RECIPE = "arn:aws:personalize:::recipe/one"
MakeRole = Callable[..., str]
AsRole = Callable[[str, str], Any]


@pytest.fixture
def bucket(aws: EmbeddedAws) -> str:
    name = f"probe-{time.monotonic_ns()}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def error_of(call: Callable[..., Any], **arguments: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = dict(caught.value.response["Error"])
    return {key: str(value) for key, value in error.items()}


def test_a_json_service_answers_the_sdk_and_knows_its_caller(aws: EmbeddedAws) -> None:
    answer = aws.client("personalize").describe_recipe(recipeArn=RECIPE)

    assert answer["recipe"]["description"] == "arn:aws:iam::000000000000:root"


def test_an_error_of_a_service_arrives_with_its_code_and_message(aws: EmbeddedAws) -> None:
    error = error_of(aws.client("personalize").describe_schema, schemaArn="arn:x")

    assert error["Code"] == "ResourceNotFoundException"
    assert error["Message"] == "There is no such schema."


def test_a_request_with_a_forged_or_no_signature_never_reaches_a_service(
    aws: EmbeddedAws, make_role: MakeRole
) -> None:
    keys = aws.client("sts").assume_role(
        RoleArn=make_role("seam-forged", "lambda.amazonaws.com"), RoleSessionName="test"
    )["Credentials"]
    forged = aws.client(
        "personalize",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key="guessed",
        aws_session_token=keys["SessionToken"],
    )
    unsigned = urllib.request.Request(
        aws.endpoint,
        data=json.dumps({"recipeArn": RECIPE}).encode(),
        headers={"x-amz-target": "AmazonPersonalize.DescribeRecipe"},
    )

    assert "Signature" in error_of(forged.describe_recipe, recipeArn=RECIPE)["Code"]
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(unsigned, timeout=5)
    refused.value.close()


def test_a_role_may_do_what_its_policy_allows_on_that_resource_only(
    make_role: MakeRole, as_role: AsRole
) -> None:
    role = make_role(
        "seam-reader", "lambda.amazonaws.com", allow("personalize:DescribeRecipe", on=RECIPE)
    )
    personalize = as_role("personalize", role)

    answer = personalize.describe_recipe(recipeArn=RECIPE)
    error = error_of(personalize.describe_recipe, recipeArn=RECIPE + "-other")

    assert answer["recipe"]["description"].endswith("assumed-role/seam-reader/test")
    assert error["Code"] == "AccessDeniedException"
    assert "personalize:DescribeRecipe" in error["Message"]


def test_an_object_is_read_with_the_callers_permission(
    aws: EmbeddedAws, bucket: str, make_role: MakeRole, as_role: AsRole
) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="a", Body=b"content")
    may = make_role(
        "seam-may", "lambda.amazonaws.com", allow("s3:GetObject", on=f"arn:aws:s3:::{bucket}/*")
    )
    may_not = make_role("seam-may-not", "lambda.amazonaws.com")

    read = as_role("personalize", may).describe_campaign(campaignArn=f"{bucket}/a")
    denied = error_of(as_role("personalize", may_not).describe_campaign, campaignArn=f"{bucket}/a")

    assert read["campaign"]["name"] == "content"
    assert denied["Code"] == "AccessDeniedException"


def test_a_rest_service_shares_the_signing_name_and_may_call_the_server_itself(
    aws: EmbeddedAws, bucket: str
) -> None:
    answer = aws.client("personalize-runtime").get_recommendations(campaignArn="arn:x")

    assert bucket in {item["itemId"] for item in answer["itemList"]}


def test_the_sagemaker_runtime_path_reaches_the_router_by_its_signing_name(
    aws: EmbeddedAws,
) -> None:
    error = error_of(
        aws.client("sagemaker-runtime").invoke_endpoint_async,
        EndpointName="no-such-endpoint",
        InputLocation="s3://bucket/key",
    )

    assert error["Code"] != "404"  # not taken for a path of S3


def test_a_childs_environment_is_clean_and_acts_as_the_role(
    aws: EmbeddedAws, bucket: str, make_role: MakeRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = make_role("seam-job", "sagemaker.amazonaws.com", allow("s3:ListBucket"))
    text = aws.client("personalize").describe_filter(filterArn=role)["filter"]["name"]
    values = dict(line.split("=", 1) for line in text.splitlines())

    s3 = aws.client(
        "s3",
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=values["AWS_SESSION_TOKEN"],
    )

    assert values["AWS_ENDPOINT_URL"] == aws.endpoint
    assert "AUTH" not in values
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert error_of(s3.put_object, Bucket=bucket, Key="k")["Code"] == "AccessDenied"


def test_a_role_that_does_not_trust_the_service_is_not_assumed(
    aws: EmbeddedAws, make_role: MakeRole
) -> None:
    role = make_role("seam-untrusting", "lambda.amazonaws.com")

    error = error_of(aws.client("personalize").describe_filter, filterArn=role)

    assert error["Code"] == "ValidationException"
    assert "sagemaker.amazonaws.com" in error["Message"]


def test_a_registered_resource_type_is_created_updated_replaced_and_deleted(
    aws: EmbeddedAws, bucket: str
) -> None:
    stack = f"probe-{bucket}"
    cloudformation, s3 = aws.client("cloudformation"), aws.client("s3")

    def template(name: str) -> str:
        resource = {
            "Type": "AWS::Personalize::Schema",
            "Properties": {"Name": name, "Bucket": bucket},
        }
        output = {"Value": {"Fn::GetAtt": ["Probe", "SchemaArn"]}}
        return json.dumps({"Resources": {"Probe": resource}, "Outputs": {"Arn": output}})

    def keys() -> list[str]:
        return [o["Key"] for o in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    cloudformation.create_stack(StackName=stack, TemplateBody=template("first"))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1}
    )
    created = keys()
    cloudformation.update_stack(StackName=stack, TemplateBody=template("second"))
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1}
    )
    replaced = keys()
    outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1}
    )

    assert created == ["first"]
    assert replaced == ["second"]
    assert outputs[0]["OutputValue"].endswith(":second")
    assert keys() == []


def test_a_resource_type_that_raises_fails_its_stack_with_the_reason(
    aws: EmbeddedAws, bucket: str
) -> None:
    cloudformation = aws.client("cloudformation")
    resource = {
        "Type": "AWS::Personalize::Schema",
        "Properties": {"Name": "refused", "Bucket": bucket},
    }
    stack = f"refused-{bucket}"
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=json.dumps({"Resources": {"Probe": resource}}),
        OnFailure="DO_NOTHING",
    )
    deadline = time.monotonic() + 10
    while (
        "IN_PROGRESS" in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)

    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]

    assert any("may be called refused" in e.get("ResourceStatusReason", "") for e in events)


def test_an_event_of_aws_reaches_the_rules_of_the_default_bus(aws: EmbeddedAws) -> None:
    sqs, events = aws.client("sqs"), aws.client("events")
    queue = sqs.create_queue(QueueName="probe-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    events.put_rule(
        Name="probe", EventPattern=json.dumps({"source": ["aws.sagemaker"]}), State="ENABLED"
    )
    events.put_targets(Rule="probe", Targets=[{"Id": "q", "Arn": arn}])

    aws.client("personalize").describe_algorithm(algorithmArn="event")

    message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]
    event = json.loads(message["Body"])
    assert (event["detail-type"], event["detail"]) == ("Probe", {"status": "Completed"})


def test_a_metric_of_aws_can_be_read_with_its_dimensions(aws: EmbeddedAws) -> None:
    aws.client("personalize").describe_algorithm(algorithmArn="metric")

    now = time.time()
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Probe",
        MetricName="Backlog",
        Dimensions=[{"Name": "EndpointName", "Value": "e"}],
        StartTime=now - 120,
        EndTime=now + 60,
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]

    assert [p["Sum"] for p in points] == [3.0]


def test_log_lines_are_written_to_a_group_and_stream_made_on_the_way(aws: EmbeddedAws) -> None:
    aws.client("personalize").describe_algorithm(algorithmArn="log")

    found = aws.client("logs").get_log_events(
        logGroupName="/probe/jobs", logStreamName="job/1", startFromHead=True
    )["events"]

    assert [e["message"] for e in found][-2:] == ["first", "second"]


def test_a_planted_fault_meets_the_next_matching_call_only(aws: EmbeddedAws) -> None:
    rule = {
        "operation": "DescribeRecipe",
        "caller_contains": "root",
        "fault": "ThrottlingException",
    }
    aws.control("/_local/probe/verdicts", rule)
    personalize = aws.client("personalize")
    personalize.meta.events.register("needs-retry.personalize.DescribeRecipe", lambda **_: False)

    first = error_of(
        aws.client("personalize").describe_schema, schemaArn="arn:x"
    )  # another operation: not met
    calls = [_outcome(personalize) for _ in range(3)]

    assert first["Code"] == "ResourceNotFoundException"
    assert calls.count("ok") >= 2
    assert aws.control("/_local/probe/verdicts")["rules"] == []


def _outcome(personalize: Any) -> str:
    try:
        personalize.describe_recipe(recipeArn=RECIPE)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"
