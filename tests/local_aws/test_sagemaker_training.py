"""Training jobs in the embedded AWS: real processes, driven through boto3."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.testing import EmbeddedAws
from tests.local_aws.sagemaker_world import World, allow, until


@pytest.fixture
def world(aws: EmbeddedAws, make_role: Callable[..., str]) -> World:
    return World(aws, make_role)


def test_a_job_runs_the_submitted_code_and_its_model_lands_in_s3(world: World) -> None:
    began = time.monotonic()
    name = world.start(world.job())
    found = world.finished(name)
    print(f"job overhead {time.monotonic() - began:.2f} s")

    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    assert found["ModelArtifacts"]["S3ModelArtifacts"] == world.uri(f"out/{name}/output/model/")
    assert world.keys(f"out/{name}/output/") == ["model/report.json", "model/sub/weights.bin"]
    report = world.report(name)
    assert report["photos"] == ["a.jpg", "b.jpg"]
    assert report["token"] == "<subject>"
    assert json.loads(report["hps"]) == {"mode": "succeed", "token": "<subject>"}
    states = [entry["Status"] for entry in found["SecondaryStatusTransitions"]]
    assert states == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert found["BillableTimeInSeconds"] >= 0
    logs = world.aws.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=name
    )
    assert "training begins in mode succeed" in [event["message"] for event in logs["events"]]


def test_a_manifest_names_the_photos_of_a_channel(world: World) -> None:
    world.put("photos/unwanted.jpg", b"c")
    manifest = [{"prefix": world.uri("photos/")}, "b.jpg"]
    uri = world.put("photos.manifest", json.dumps(manifest).encode())

    name = world.start(world.job(InputDataConfig=[world.channel(uri, "ManifestFile")]))

    assert world.finished(name)["TrainingJobStatus"] == "Completed"
    assert world.report(name)["photos"] == ["b.jpg"]


def test_a_compressed_output_is_one_archive(world: World) -> None:
    name = world.start(world.job(OutputDataConfig={"S3OutputPath": world.uri("out/")}))

    found = world.finished(name)

    expected = world.uri(f"out/{name}/output/model.tar.gz")
    assert found["ModelArtifacts"]["S3ModelArtifacts"] == expected
    assert world.read(expected)[:2] == b"\x1f\x8b"


def test_a_failure_file_becomes_the_failure_reason(world: World) -> None:
    found = world.finished(world.start(world.job("fail")))

    assert found["TrainingJobStatus"] == "Failed"
    reason = found["FailureReason"]
    assert reason.startswith("AlgorithmError: NO_PHOTOS: there are no photos.")
    assert reason.endswith(", exit code: 1")
    assert len(reason) == len("AlgorithmError: ") + 1024 + len(", exit code: 1")


def test_a_crash_is_reported_with_its_traceback(world: World) -> None:
    reason = world.finished(world.start(world.job("crash")))["FailureReason"]

    assert "ExecuteUserScriptError" in reason
    assert "RuntimeError: a bug" in reason
    assert "ExitCode 1" in reason


def test_a_killed_job_resumes_from_its_checkpoint_in_s3(world: World) -> None:
    request = world.job("die")

    killed = world.finished(world.start(request))
    again = {**request, "TrainingJobName": f"{request['TrainingJobName']}-2"}
    again["HyperParameters"] = {**request["HyperParameters"], "mode": "succeed"}
    name = world.start(again)

    assert killed["TrainingJobStatus"] == "Failed"
    assert "ExitCode -9" in killed["FailureReason"]
    assert world.finished(name)["TrainingJobStatus"] == "Completed"
    assert world.report(name)["first"] == 2


def test_killing_the_process_from_outside_fails_the_job(world: World) -> None:
    name = world.start(world.job("wait"))

    os.kill(world.training(name), signal.SIGKILL)

    found = world.finished(name)
    assert found["TrainingJobStatus"] == "Failed"
    assert world.processes("training", name) == []


def test_stopping_lets_the_script_write_its_checkpoint(world: World) -> None:
    request = world.job("wait")
    name = world.start(request)
    world.training(name)
    time.sleep(0.5)

    world.sagemaker.stop_training_job(TrainingJobName=name)

    found = world.finished(name)
    assert found["TrainingJobStatus"] == found["SecondaryStatus"] == "Stopped"
    prefix = request["CheckpointConfig"]["S3Uri"].removeprefix(world.uri(""))
    assert "stopped" in world.keys(prefix)
    with pytest.raises(ClientError, match="training job is in status Stopped"):
        world.sagemaker.stop_training_job(TrainingJobName=name)


def test_a_job_is_stopped_when_it_runs_too_long(world: World) -> None:
    name = world.start(world.job("wait", StoppingCondition={"MaxRuntimeInSeconds": 1}))

    found = world.finished(name)

    assert found["TrainingJobStatus"] == "Stopped"
    assert found["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_no_capacity_fails_the_job_as_in_aws(world: World) -> None:
    world.aws.control("/_local/sagemaker/capacity", {"available": False})
    try:
        found = world.finished(world.start(world.job()))
    finally:
        world.aws.control("/_local/sagemaker/capacity", {"available": True})

    assert found["FailureReason"].startswith("CapacityError: Unable to provision requested ML")


def test_what_the_execution_role_may_not_read_fails_the_job(
    world: World, make_role: Callable[..., str]
) -> None:
    role = make_role(f"blind-{world.id}", "sagemaker.amazonaws.com")

    found = world.finished(world.start(world.job(RoleArn=role)))

    assert found["TrainingJobStatus"] == "Failed"
    assert "AccessDenied" in found["FailureReason"]


def test_what_the_execution_role_may_not_write_fails_the_upload(
    world: World, make_role: Callable[..., str]
) -> None:
    arn = f"arn:aws:s3:::{world.bucket}"
    role = make_role(
        f"reader-{world.id}",
        "sagemaker.amazonaws.com",
        allow(["s3:GetObject", "s3:ListBucket"], arn, f"{arn}/*"),
    )
    request = world.job(RoleArn=role)
    del request["CheckpointConfig"]

    found = world.finished(world.start(request))

    assert found["FailureReason"].startswith("ClientError: Artifact upload failed")


def test_an_empty_channel_is_named_in_the_failure(world: World) -> None:
    request = world.job(InputDataConfig=[world.channel(world.uri("nothing/"))])

    found = world.finished(world.start(request))

    assert "No S3 objects found under S3 URL" in found["FailureReason"]


def test_a_role_that_sagemaker_may_not_assume_is_refused(
    world: World, make_role: Callable[..., str]
) -> None:
    role = make_role(f"lambda-{world.id}", "lambda.amazonaws.com")

    with pytest.raises(ClientError, match=r"ValidationException.*Could not assume role"):
        world.start(world.job(RoleArn=role))


def test_names_are_unique_for_ever(world: World) -> None:
    request = world.job("fail")
    world.finished(world.start(request))

    with pytest.raises(world.sagemaker.exceptions.ResourceInUse):
        world.start(request)


def test_the_caller_needs_both_the_action_and_the_right_to_pass_the_role(
    world: World, make_role: Callable[..., str], as_role: Callable[[str, str], Any]
) -> None:
    create = allow(["sagemaker:CreateTrainingJob"], "*")
    nobody = make_role(f"nobody-{world.id}", "lambda.amazonaws.com")
    half = make_role(f"half-{world.id}", "lambda.amazonaws.com", create)
    whole = make_role(
        f"whole-{world.id}",
        "lambda.amazonaws.com",
        create,
        {
            **allow(["iam:PassRole"], world.role),
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        },
    )

    with pytest.raises(ClientError, match="sagemaker:CreateTrainingJob"):
        as_role("sagemaker", nobody).create_training_job(**world.job())
    with pytest.raises(ClientError, match="iam:PassRole"):
        as_role("sagemaker", half).create_training_job(**world.job())
    request = world.job()
    as_role("sagemaker", whole).create_training_job(**request)
    assert world.finished(request["TrainingJobName"])["TrainingJobStatus"] == "Completed"


def test_a_malformed_request_lists_every_violation(world: World) -> None:
    request = world.job(TrainingJobName="not a name")
    request["ResourceConfig"]["InstanceType"] = "ml.imagined.xlarge"

    with pytest.raises(ClientError, match="2 validation errors detected") as caught:
        world.start(request)

    assert "trainingJobName" in str(caught.value)
    assert "resourceConfig.instanceType" in str(caught.value)


def test_state_changes_are_events(world: World) -> None:
    events, sqs = world.aws.client("events"), world.aws.client("sqs")
    queue = sqs.create_queue(QueueName=f"jobs-{world.id}")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:000000000000:jobs-{world.id}"
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change"],
        "detail": {"TrainingJobStatus": ["Completed"]},
    }
    events.put_rule(Name=f"jobs-{world.id}", EventPattern=json.dumps(pattern))
    events.put_targets(Rule=f"jobs-{world.id}", Targets=[{"Id": "q", "Arn": arn}])

    name = world.start(world.job())
    world.finished(name)

    def received() -> Any:
        found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
        bodies = [json.loads(message["Body"]) for message in found]
        return [b for b in bodies if b["detail"]["TrainingJobName"] == name]

    event = until(received)[0]
    assert event["detail"]["SecondaryStatus"] == "Completed"
    assert event["detail"]["CreationTime"] > 1e12, "events carry milliseconds"


def test_jobs_are_listed_newest_first(world: World) -> None:
    names = [world.start(world.job("fail")) for _ in range(2)]
    for name in names:
        world.finished(name)

    listed = world.sagemaker.list_training_jobs(NameContains="toy-", StatusEquals="Failed")

    found = [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]]
    assert [name for name in found if name in names] == names[::-1]
