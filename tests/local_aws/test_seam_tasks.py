"""Step Functions around a service integration: its role, its failures and its stop."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.testing import EmbeddedAws
from tests.local_aws.conftest import allow

RESOURCE = "arn:aws:states:::personalize:wait.sync"
MakeRole = Callable[..., str]


@pytest.fixture
def run(aws: EmbeddedAws, make_role: MakeRole) -> Callable[..., str]:
    """Start an execution of one task state: `run(input, role statements, state)` -> its ARN."""

    def start(task_input: dict[str, Any], *statements: dict[str, Any], **state: Any) -> str:
        name = f"probe-{time.monotonic_ns()}"
        role = make_role(name, "states.amazonaws.com", *statements)
        task = {"Type": "Task", "Resource": RESOURCE, "End": True, **state}
        machine = aws.client("stepfunctions").create_state_machine(
            name=name,
            roleArn=role,
            definition=json.dumps({"StartAt": "Wait", "States": {"Wait": task}}),
        )["stateMachineArn"]
        arn: str = aws.client("stepfunctions").start_execution(
            stateMachineArn=machine, name=name, input=json.dumps(task_input)
        )["executionArn"]
        return arn

    return start


def finished(aws: EmbeddedAws, execution: str, timeout: float = 10) -> dict[str, Any]:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found: dict[str, Any] = aws.client("stepfunctions").describe_execution(
            executionArn=execution
        )
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.05)
    pytest.fail("the execution did not finish")


def test_a_task_knows_its_execution_and_the_machines_role(
    aws: EmbeddedAws, run: Callable[..., str]
) -> None:
    found = finished(aws, run({"seconds": 0}))

    output = json.loads(found["output"])
    assert output["name"] == found["name"]
    assert output["role"].endswith(found["name"])


def test_a_failed_task_shows_its_error_and_cause(aws: EmbeddedAws, run: Callable[..., str]) -> None:
    found = finished(aws, run({"fail": "the job failed"}))

    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert found["cause"] == "the job failed"


def test_what_the_machines_role_lacks_fails_the_task_as_access_denied(
    aws: EmbeddedAws, run: Callable[..., str]
) -> None:
    statement = allow("personalize:DescribeRecipe", on="arn:aws:personalize:::recipe/one")

    allowed = finished(aws, run({"secret": "arn:aws:personalize:::recipe/one"}, statement))
    denied = finished(aws, run({"secret": "arn:aws:personalize:::recipe/two"}, statement))

    assert allowed["status"] == "SUCCEEDED"
    assert denied["error"] == "Personalize.AccessDeniedException"


def test_a_stopped_execution_is_seen_by_its_task_and_stays_aborted(
    aws: EmbeddedAws, run: Callable[..., str]
) -> None:
    execution = run({"seconds": 20})
    time.sleep(0.5)

    aws.client("stepfunctions").stop_execution(executionArn=execution, error="Cancelled")

    assert written_soon(aws, execution)
    time.sleep(0.2)
    found = aws.client("stepfunctions").describe_execution(executionArn=execution)
    assert (found["status"], found["error"]) == ("ABORTED", "Cancelled")


def test_a_task_that_timed_out_learns_that_it_is_abandoned(
    aws: EmbeddedAws, run: Callable[..., str]
) -> None:
    execution = run({"seconds": 20}, TimeoutSeconds=1)

    assert finished(aws, execution)["error"] == "States.Timeout"
    assert written_soon(aws, execution)


def written_soon(aws: EmbeddedAws, execution: str) -> bool:
    logs = aws.client("logs")
    name = execution.rpartition(":")[2]
    for _ in range(50):
        streams = (
            logs.describe_log_streams(logGroupName="/probe/stopped")["logStreams"]
            if any(
                g["logGroupName"] == "/probe/stopped"
                for g in logs.describe_log_groups(logGroupNamePrefix="/probe")["logGroups"]
            )
            else []
        )
        if name in {s["logStreamName"] for s in streams}:
            return True
        time.sleep(0.05)
    return False
