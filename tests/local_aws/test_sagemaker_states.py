"""`createTrainingJob.sync` in a state machine of the embedded AWS."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.testing import EmbeddedAws
from tests.local_aws.sagemaker_world import World, allow, until

_RULE = (
    "arn:aws:events:us-east-1:000000000000:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"
)
_JOBS = "arn:aws:sagemaker:us-east-1:000000000000:training-job/toy-*"


class Machine:
    """A state machine of one Train state."""

    def __init__(
        self, world: World, role: str, timeout_s: int | None = None, **changes: Any
    ) -> None:
        self.world = world
        self.states = world.aws.client("stepfunctions")
        state: dict[str, Any] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Parameters": {"TrainingJobName.$": "$.job"},
            "End": True,
        }
        request = world.job(**changes)
        del request["TrainingJobName"]
        state["Parameters"] |= request
        if timeout_s is not None:
            state["TimeoutSeconds"] = timeout_s
        definition = {"StartAt": "Train", "States": {"Train": state}}
        self.arn = self.states.create_state_machine(
            name=f"train-{uuid.uuid4().hex[:6]}",
            definition=json.dumps(definition),
            roleArn=role,
        )["stateMachineArn"]

    def start(self) -> tuple[str, str]:
        """Start an execution: (its ARN, the job's name)."""
        job = f"toy-{uuid.uuid4().hex[:8]}"
        arn = self.states.start_execution(stateMachineArn=self.arn, input=json.dumps({"job": job}))[
            "executionArn"
        ]
        return arn, job

    def ended(self, arn: str) -> Any:
        """Wait for the execution's end."""

        def look() -> Any:
            found = self.states.describe_execution(executionArn=arn)
            return found if found["status"] != "RUNNING" else None

        return until(look)


@pytest.fixture
def world(aws: EmbeddedAws, make_role: Callable[..., str]) -> World:
    return World(aws, make_role)


@pytest.fixture
def role(world: World, make_role: Callable[..., str]) -> str:
    return make_role(
        f"states-{world.id}",
        "states.amazonaws.com",
        allow(
            [
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopTrainingJob",
            ],
            _JOBS,
        ),
        allow(["iam:PassRole"], world.role),
        allow(["events:PutTargets", "events:PutRule", "events:DescribeRule"], _RULE),
    )


def test_the_state_waits_for_the_job_and_returns_its_description(world: World, role: str) -> None:
    machine = Machine(world, role)

    execution, job = machine.start()

    found = machine.ended(execution)
    assert found["status"] == "SUCCEEDED", found
    output = json.loads(found["output"])
    assert output["TrainingJobName"] == job
    assert output["TrainingJobStatus"] == "Completed"
    assert output["ModelArtifacts"]["S3ModelArtifacts"].startswith("s3://")


def test_a_failed_job_fails_the_state_with_its_description_as_cause(
    world: World, role: str
) -> None:
    machine = Machine(world, role, mode="fail")

    found = machine.ended(machine.start()[0])

    assert found["status"] == "FAILED"
    assert found["error"] == "States.TaskFailed"
    assert json.loads(found["cause"])["FailureReason"].startswith("AlgorithmError: NO_PHOTOS")


def test_stopping_the_execution_stops_the_job(world: World, role: str) -> None:
    machine = Machine(world, role, mode="wait")
    execution, job = machine.start()
    until(lambda: world.processes("training", job))
    world.training(job)

    machine.states.stop_execution(executionArn=execution)

    assert world.finished(job)["TrainingJobStatus"] == "Stopped"
    assert machine.ended(execution)["status"] == "ABORTED"
    assert world.processes("training", job) == []


def test_a_state_that_times_out_stops_its_job(world: World, role: str) -> None:
    machine = Machine(world, role, timeout_s=2, mode="wait")

    execution, job = machine.start()

    assert machine.ended(execution)["status"] in ("FAILED", "TIMED_OUT")
    assert world.finished(job)["TrainingJobStatus"] == "Stopped"


def test_the_state_machines_role_needs_the_permissions(
    world: World, make_role: Callable[..., str]
) -> None:
    bare = make_role(f"bare-{world.id}", "states.amazonaws.com")

    found = Machine(world, bare).ended(Machine(world, bare).start()[0])

    assert found["status"] == "FAILED"
    assert found["error"] == "SageMaker.AmazonSageMakerException"
    assert "sagemaker:CreateTrainingJob" in found["cause"]


def test_a_name_that_is_taken_is_an_error_of_its_own(world: World, role: str) -> None:
    machine = Machine(world, role, mode="fail")
    execution, job = machine.start()
    machine.ended(execution)

    again = machine.states.start_execution(
        stateMachineArn=machine.arn, input=json.dumps({"job": job})
    )["executionArn"]

    assert machine.ended(again)["error"] == "SageMaker.ResourceInUseException"
