from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.training import Training, TrainingState, job_name
from lambdas.events.training_events import TrainingEventsPorts, build_handler
from lambdas.records.trainings import create_training, end_training
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.given import World
from tests.unit.lambdas.sqs import deliver


@pytest.fixture
def world() -> World:
    return World()


def begun(world: World) -> Training:
    now = world.clock.now()
    training = Training(new_id(Prefix.TRAINING, now), world.subject().id, OWNER, now, now)
    create_training(world.table, training, limit=5)
    return training


def job_event(training: Training, secondary: str, attempt: int = 1) -> dict[str, Any]:
    folder = f"s3://work/trainings/{training.owner}/{training.subject_id}/{training.id}"
    return {
        "version": "0",
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Training Job State Change",
        "detail": {
            "TrainingJobName": job_name(training.id, attempt),
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": secondary,
            "OutputDataConfig": {"S3OutputPath": f"{folder}/output/"},
        },
    }


def execution_event(training: Training, status: str, **detail: Any) -> dict[str, Any]:
    document = {"training_id": training.id, "owner": training.owner}
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "name": training.id,
            "status": status,
            "input": json.dumps(document),
            **detail,
        },
    }


def send(world: World, *messages: object) -> list[int]:
    return deliver(build_handler(TrainingEventsPorts(world.table, world.clock)), *messages)


def test_a_job_at_work_makes_its_training_run(world: World) -> None:
    training = begun(world)
    assert send(world, job_event(training, "Starting")) == []
    assert world.training_now(training.id).state is TrainingState.QUEUED
    assert send(world, job_event(training, "Downloading")) == []
    assert world.training_now(training.id).state is TrainingState.RUNNING


def test_news_that_come_again_late_or_about_nothing_of_ours_change_nothing(world: World) -> None:
    training = begun(world)
    strange = job_event(training, "Training")
    strange["detail"]["TrainingJobName"] = "somebody-elses-job"
    unplaced = job_event(training, "Training")
    unplaced["detail"]["OutputDataConfig"] = {"S3OutputPath": "nowhere"}
    now = world.clock.now()
    unknown = job_event(Training(new_id(Prefix.TRAINING, now), "s", OWNER, now, now), "Training")
    assert send(world, strange, unplaced, unknown, {"source": "aws.s3", "detail": {}}, {}) == []
    assert world.training_now(training.id).state is TrainingState.QUEUED
    end_training(world.table, OWNER, training.id, TrainingState.CANCELLED, now)
    assert send(world, job_event(training, "Training"), job_event(training, "Completed")) == []
    assert world.training_now(training.id).state is TrainingState.CANCELLED


@pytest.mark.parametrize(
    ("status", "code"),
    [("FAILED", "internal_error"), ("TIMED_OUT", "out_of_time"), ("ABORTED", "internal_error")],
)
def test_an_execution_that_ended_badly_ends_its_training(
    world: World, status: str, code: str
) -> None:
    training = begun(world)
    event = execution_event(training, status, error="States.Runtime", cause="no such path")
    assert send(world, event, event) == []
    ended = world.training_now(training.id)
    assert ended.state is TrainingState.FAILED
    assert ended.failure is not None
    assert ended.failure.code == code
    assert world.count("active_trainings") == 0


def test_an_execution_that_was_stopped_by_a_cancellation_stays_cancelled(world: World) -> None:
    training = begun(world)
    end_training(world.table, OWNER, training.id, TrainingState.CANCELLED, world.clock.now())
    assert send(world, execution_event(training, "ABORTED")) == []
    assert world.training_now(training.id).state is TrainingState.CANCELLED


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"owner": 3}', '{"owner": "../x"}'])
def test_an_execution_whose_owner_is_not_told_is_left_to_the_reconciler(
    world: World, text: str | None
) -> None:
    training = begun(world)
    assert send(world, execution_event(training, "FAILED", input=text)) == []
    assert world.training_now(training.id).state is TrainingState.QUEUED


def test_a_message_that_is_no_json_fails_alone(world: World) -> None:
    training = begun(world)
    assert send(world, "{", job_event(training, "Training")) == [0]
    assert world.training_now(training.id).state is TrainingState.RUNNING
