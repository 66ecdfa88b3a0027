"""Lambda and Step Functions behave as on AWS where the emulator does not by itself."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_aws.testing import EmbeddedAws
from tests.local_aws.conftest import allow

MakeRole = Callable[..., str]
CODE = """
import json, os

if os.environ.get("BROKEN"):
    import a_module_that_was_not_bundled

class PhotoMissingError(Exception):
    pass

def handler(event, context):
    match event["do"]:
        case "raise":
            raise PhotoMissingError("no photo:\\nnone at all")
        case "environment":
            return dict(os.environ)
        case "import":
            try:
                __import__(event["name"])
            except ImportError as error:
                return str(error)
            return "found"
        case "where":
            return os.path.realpath(os.environ["LAMBDA_TASK_ROOT"])
        case "metric":
            print(json.dumps({
                "_aws": {"Timestamp": 0, "CloudWatchMetrics": [{
                    "Namespace": "Avatar", "Dimensions": [["service"]],
                    "Metrics": [{"Name": "PhotoRejected", "Unit": "Count"}]}]},
                "service": "intake", "PhotoRejected": [2.0]}))
            return "put"
"""


@pytest.fixture(scope="module")
def function(aws: EmbeddedAws) -> str:
    role = "patches-function"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    aws.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as bundle:
        bundle.writestr("index.py", CODE)
    made = aws.client("lambda").create_function(
        FunctionName="patches",
        Runtime="python3.12",
        Handler="index.handler",
        Role=f"arn:aws:iam::000000000000:role/{role}",
        Code={"ZipFile": code.getvalue()},
        Timeout=10,
        Environment={"Variables": {"LOG_LEVEL": "DEBUG"}},
    )
    return str(made["FunctionArn"])


def invoke(aws: EmbeddedAws, function: str, **event: Any) -> Any:
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    return json.loads(answer["Payload"].read())


def execute(aws: EmbeddedAws, role: str, name: str, task: dict[str, Any]) -> dict[str, Any]:
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(
        name=name,
        roleArn=role,
        definition=json.dumps(
            {
                "StartAt": "Do",
                "States": {
                    "Do": {"Type": "Task", "End": True, **task},
                    "Caught": {"Type": "Pass", "End": True},
                },
            }
        ),
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps({"do": "raise"}))[
        "executionArn"
    ]
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.05)
    pytest.fail("the execution did not finish")


def test_an_exception_keeps_its_type(aws: EmbeddedAws, function: str) -> None:
    error = invoke(aws, function, do="raise")

    assert error["errorType"] == "PhotoMissingError"
    assert error["errorMessage"] == "no photo:\nnone at all"


def test_step_functions_catches_a_functions_exception_by_name(
    aws: EmbeddedAws, function: str, make_role: MakeRole
) -> None:
    role = make_role(
        "patches-may", "states.amazonaws.com", allow("lambda:InvokeFunction", on=function)
    )
    catch = [{"ErrorEquals": ["PhotoMissingError"], "Next": "Caught", "ResultPath": "$.error"}]

    found = execute(aws, role, "patches-may", {"Resource": function, "Catch": catch})

    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"])["error"]["Error"] == "PhotoMissingError"


def test_a_state_machine_may_not_invoke_what_its_role_does_not_allow(
    aws: EmbeddedAws, function: str, make_role: MakeRole
) -> None:
    role = make_role("patches-may-not", "states.amazonaws.com")
    parameters = {"FunctionName": function, "Payload.$": "$"}

    found = execute(
        aws,
        role,
        "patches-may-not",
        {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters},
    )

    assert (found["status"], found["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "lambda:InvokeFunction" in found["cause"]


@pytest.mark.parametrize("name", ["pydantic", "aws_lambda_powertools", "ministack", "numpy"])
def test_a_dependency_that_is_not_bundled_is_missing(
    aws: EmbeddedAws, function: str, name: str
) -> None:
    assert "No module named" in invoke(aws, function, do="import", name=name)


@pytest.mark.parametrize("name", ["boto3", "botocore", "urllib3"])
def test_the_runtimes_own_sdk_is_there(aws: EmbeddedAws, function: str, name: str) -> None:
    assert invoke(aws, function, do="import", name=name) == "found"


def test_a_workers_environment_is_the_functions_not_the_servers(
    aws: EmbeddedAws, function: str
) -> None:
    environment = invoke(aws, function, do="environment")

    assert environment["LOG_LEVEL"] == "DEBUG"
    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert not {"AUTH", "GATEWAY_PORT", "LOCAL_AWS_DATA", "VIRTUAL_ENV"} & set(environment)


def test_a_function_that_cannot_be_imported_leaves_its_traceback_in_its_log(
    aws: EmbeddedAws, function: str
) -> None:
    functions, logs = aws.client("lambda"), aws.client("logs")
    code = functions.get_function(FunctionName=function)["Configuration"]
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("index.py", CODE)
    functions.create_function(
        FunctionName="patches-broken",
        Runtime="python3.12",
        Handler="index.handler",
        Role=code["Role"],
        Code={"ZipFile": bundle.getvalue()},
        Environment={"Variables": {"BROKEN": "1"}},
    )

    answer = invoke(aws, "patches-broken", do="environment")
    found = logs.filter_log_events(logGroupName="/aws/lambda/patches-broken")["events"]

    assert "a_module_that_was_not_bundled" in answer["errorMessage"]
    text = "\n".join(event["message"] for event in found)
    assert 'index.py", line' in text
    assert "ModuleNotFoundError: No module named 'a_module_that_was_not_bundled'" in text


def test_a_metric_that_a_function_logs_reaches_cloudwatch(aws: EmbeddedAws, function: str) -> None:
    invoke(aws, function, do="metric")

    now = time.time()
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="Avatar",
        MetricName="PhotoRejected",
        Dimensions=[{"Name": "service", "Value": "intake"}],
        StartTime=now - 300,
        EndTime=now + 60,
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [point["Sum"] for point in points] == [2.0]


def test_a_policy_that_refuses_plain_http_does_not_lock_out_this_machine(
    aws: EmbeddedAws, make_role: MakeRole, as_role: Callable[[str, str], Any]
) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="tls-only")
    s3.put_object(Bucket="tls-only", Key="a", Body=b"content")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [deny]}
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps(policy))
    role = make_role("tls-reader", "lambda.amazonaws.com", allow("s3:GetObject"))

    direct = as_role("s3", role).get_object(Bucket="tls-only", Key="a")["Body"].read()
    through_a_service = as_role("personalize", role).describe_campaign(campaignArn="tls-only/a")

    assert direct == b"content"
    assert through_a_service["campaign"]["name"] == "content"


def test_code_is_unpacked_once_for_all_workers(aws: EmbeddedAws, function: str) -> None:
    place = Path(invoke(aws, function, do="where"))
    configuration = aws.client("lambda").get_function(FunctionName=function)["Configuration"]
    twin = aws.client("lambda").create_function(
        FunctionName="patches-twin",
        Runtime=configuration["Runtime"],
        Handler=configuration["Handler"],
        Role=configuration["Role"],
        Code={"ZipFile": bundle_of(place)},
    )["FunctionArn"]
    assert invoke(aws, twin, do="where") != str(place)  # other bytes, other folder
    assert place.name.startswith("lambda-code-")
    assert (place / "index.py").is_file()


def bundle_of(place: Path) -> bytes:
    """The same module in an archive of other bytes."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.write(place / "index.py", "index.py")
    return code.getvalue()
