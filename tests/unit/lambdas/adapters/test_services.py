"""The thin adapters: what is asked, and what an answer becomes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.adapters.idempotency_table import IdempotencyTable, persistence
from lambdas.adapters.sagemaker_endpoint import SageMakerEndpoint
from lambdas.adapters.sagemaker_jobs import SageMakerJobs
from lambdas.adapters.sqs_queue import SQSPostponement, SQSQueue
from lambdas.adapters.stepfunctions_runner import StepFunctionsRunner
from lambdas.adapters.system_clock import SystemClock
from lambdas.domain.errors import Unavailable
from lambdas.ports import EndpointStatus, Execution, Invocation
from tests.unit.lambdas.adapters.stubbed import stubbed

MACHINE = "arn:aws:states:eu-west-1:000000000000:stateMachine:train"
EXECUTION = "arn:aws:states:eu-west-1:000000000000:execution:train:trn_1"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_the_clock_is_in_utc() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.pause(0.01)
    assert before.tzinfo is UTC
    assert clock.now() > before


def test_a_message_is_json() -> None:
    client, stub = stubbed("sqs")
    stub.add_response(
        "send_message",
        {},
        {"QueueUrl": "https://queue", "MessageBody": '{"a": 1}', "DelaySeconds": 5},
    )
    SQSQueue(lambda: client, "https://queue").send({"a": 1}, delay_seconds=5)
    stub.assert_no_pending_responses()


class TestTrainings:
    def test_are_started_under_their_own_name_once(self) -> None:
        client, stub = stubbed("stepfunctions")
        runner = StepFunctionsRunner(lambda: client, MACHINE)
        wanted = {"stateMachineArn": MACHINE, "name": "trn_1", "input": '{"a": 1}'}
        answer = {"executionArn": EXECUTION, "startDate": NOW}
        stub.add_response("start_execution", answer, wanted)
        runner.start("trn_1", {"a": 1})
        stub.add_client_error("start_execution", "ExecutionAlreadyExists")
        runner.start("trn_1", {"a": 2})
        stub.add_client_error("start_execution", "StateMachineDoesNotExist")
        with pytest.raises(ClientError):
            runner.start("trn_1", {})

    def test_can_be_stopped_whether_they_run_or_not(self) -> None:
        client, stub = stubbed("stepfunctions")
        runner = StepFunctionsRunner(lambda: client, MACHINE)
        wanted = {"executionArn": EXECUTION, "error": "Stopped", "cause": "why"}
        stub.add_response("stop_execution", {"stopDate": NOW}, wanted)
        runner.stop("trn_1", reason="why")
        stub.add_client_error("stop_execution", "ExecutionDoesNotExist")
        runner.stop("trn_1", reason="why")
        stub.add_client_error("stop_execution", "InvalidArn")
        with pytest.raises(ClientError):
            runner.stop("trn_1", reason="why")

    def test_say_how_they_stand(self) -> None:
        client, stub = stubbed("stepfunctions")
        runner = StepFunctionsRunner(lambda: client, MACHINE)
        stub.add_response(
            "describe_execution",
            {
                "executionArn": EXECUTION,
                "stateMachineArn": MACHINE,
                "status": "FAILED",
                "startDate": NOW,
                "error": "E",
                "cause": "c",
            },
            {"executionArn": EXECUTION},
        )
        assert runner.describe("trn_1") == Execution("FAILED", "E", "c")
        stub.add_client_error("describe_execution", "ExecutionDoesNotExist")
        assert runner.describe("trn_1") is None
        stub.add_client_error("describe_execution", "InvalidArn")
        with pytest.raises(ClientError):
            runner.describe("trn_1")


def test_a_job_runs_until_everything_is_uploaded() -> None:
    client, stub = stubbed("sagemaker")
    jobs = SageMakerJobs(lambda: client)
    for status, running in (("InProgress", True), ("Stopping", True), ("Stopped", False)):
        stub.add_response("describe_training_job", _job(status), {"TrainingJobName": "trn-1"})
        assert jobs.is_running("trn-1") is running
    stub.add_client_error("describe_training_job", "ValidationException")
    assert jobs.is_running("trn-1") is False
    stub.add_client_error("describe_training_job", "AccessDeniedException")
    with pytest.raises(ClientError):
        jobs.is_running("trn-1")


def _job(status: str) -> dict[str, Any]:
    return {
        "TrainingJobName": "trn-1",
        "TrainingJobArn": "arn:aws:sagemaker:eu-west-1:000000000000:training-job/trn-1",
        "ModelArtifacts": {"S3ModelArtifacts": "s3://work/model"},
        "TrainingJobStatus": status,
        "SecondaryStatus": "Training",
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"VolumeSizeInGB": 1},
        "StoppingCondition": {},
        "CreationTime": NOW,
    }


class TestEndpoint:
    def test_takes_requests_by_address(self) -> None:
        runtime, stub = stubbed("sagemaker-runtime")
        endpoint = SageMakerEndpoint(lambda: runtime, _nobody, "avatars")
        stub.add_response(
            "invoke_endpoint_async",
            {"InferenceId": "gen_1", "OutputLocation": "s3://w/o", "FailureLocation": "s3://w/f"},
            {
                "EndpointName": "avatars",
                "InferenceId": "gen_1",
                "InputLocation": "s3://w/r",
                "ContentType": "application/json",
                "Accept": "application/json",
                "RequestTTLSeconds": 600,
                "InvocationTimeoutSeconds": 3600,
            },
        )
        invocation = endpoint.invoke("gen_1", request_uri="s3://w/r", request_ttl_seconds=600)
        assert invocation == Invocation("s3://w/o", "s3://w/f")
        stub.add_client_error("invoke_endpoint_async", "ServiceUnavailable", http_status_code=503)
        with pytest.raises(Unavailable):
            endpoint.invoke("gen_1", request_uri="s3://w/r", request_ttl_seconds=600)

    def test_says_how_many_instances_it_has(self) -> None:
        control, stub = stubbed("sagemaker")
        endpoint = SageMakerEndpoint(_nobody, lambda: control, "avatars")
        answer = {
            "EndpointName": "avatars",
            "EndpointArn": "arn:aws:sagemaker:eu-west-1:000000000000:endpoint/avatars",
            "EndpointStatus": "InService",
            "CreationTime": NOW,
            "LastModifiedTime": NOW,
            "ProductionVariants": [{"VariantName": "main", "CurrentInstanceCount": 2}],
        }
        stub.add_response("describe_endpoint", answer, {"EndpointName": "avatars"})
        assert endpoint.status() == EndpointStatus("InService", 2)


def _nobody() -> Any:
    raise AssertionError("not this client")


def test_kept_answers_can_be_forgotten() -> None:
    client, stub = stubbed("dynamodb")
    wanted = {"TableName": "answers", "Key": {"id": {"S": "o#r#1"}}}
    stub.add_response("delete_item", {}, wanted)
    IdempotencyTable(client, "answers").forget(["o#r#1"])
    stub.assert_no_pending_responses()


def test_powertools_keeps_answers_in_our_table() -> None:
    client, _ = stubbed("dynamodb")
    assert vars(persistence(client, "answers"))["table_name"] == "answers"


def test_a_message_is_postponed_by_its_visibility() -> None:
    client, stub = stubbed("sqs")
    owner = {"QueueName": "results", "QueueOwnerAWSAccountId": "000000000000"}
    stub.add_response("get_queue_url", {"QueueUrl": "https://queue"}, owner)
    change = {"QueueUrl": "https://queue", "ReceiptHandle": "handle", "VisibilityTimeout": 40}
    stub.add_response("change_message_visibility", {}, change)
    arn = "arn:aws:sqs:us-east-1:000000000000:results"
    SQSPostponement(lambda: client).postpone(arn, "handle", seconds=40)
    stub.assert_no_pending_responses()
