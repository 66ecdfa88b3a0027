"""The training state machine: what it starts, what it does about failures, when it gives up."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.infra.cloud import Cloud, text
from training.progress import scores_line, step_line


def machine(cloud: Cloud) -> dict[str, Any]:
    definition = text(cloud.one("AWS::StepFunctions::StateMachine").properties["DefinitionString"])
    found: dict[str, Any] = json.loads(definition)
    return found


def states(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = machine(cloud)["States"]
    return found


def test_it_prepares_trains_publishes(cloud: Cloud) -> None:
    found = states(cloud)
    order = [machine(cloud)["StartAt"]]
    while "Next" in found[order[-1]]:
        order.append(found[order[-1]]["Next"])
    assert order == ["Start", "Prepare", "Train", "Publish", "Done"]
    assert found["Start"] == {
        "Type": "Pass",
        "Result": 1,
        "ResultPath": "$.attempt",
        "Next": "Prepare",
    }


def test_any_error_of_a_step_is_looked_at(cloud: Cloud) -> None:
    for step in ("Prepare", "Train", "Publish"):
        (catch,) = states(cloud)[step]["Catch"]
        expected = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}
        assert catch == expected, step


def test_another_attempt_starts_over_with_its_number(cloud: Cloud) -> None:
    found = states(cloud)
    assert found["Failed"]["ResultPath"] == "$.verdict"
    assert found["Failed"]["Next"] == "Retry"
    (again,) = found["Retry"]["Choices"]
    assert again == {"Variable": "$.verdict.retry", "BooleanEquals": True, "Next": "Wait"}
    assert found["Wait"]["SecondsPath"] == "$.verdict.wait_seconds"
    assert found[found["Wait"]["Next"]]["Parameters"] == {
        "training_id.$": "$.training_id",
        "subject_id.$": "$.subject_id",
        "owner.$": "$.owner",
        "attempt.$": "$.verdict.attempt",
    }
    assert found["Again"]["Next"] == "Prepare"


def test_it_ends_as_failed_when_there_is_no_other_attempt(cloud: Cloud) -> None:
    assert states(cloud)["Retry"]["Default"] == "GaveUp"
    assert states(cloud)["GaveUp"]["Type"] == "Fail"


def test_hiccups_of_lambda_are_retried_with_back_off(cloud: Cloud) -> None:
    for step in ("Prepare", "Publish", "Failed"):
        (retry,) = states(cloud)[step]["Retry"]
        assert "Lambda.TooManyRequestsException" in retry["ErrorEquals"]
        assert retry["BackoffRate"] >= 2


def job(cloud: Cloud) -> dict[str, Any]:
    train = states(cloud)["Train"]
    assert train["Resource"] == "arn:aws:states:::sagemaker:createTrainingJob.sync"
    assert train["ResultPath"] is None
    found: dict[str, Any] = train["Parameters"]
    return found


def test_a_job_runs_on_spot_with_checkpoints_and_limits(cloud: Cloud) -> None:
    found = job(cloud)
    assert found["EnableManagedSpotTraining"] is True
    assert found["CheckpointConfig"] == {
        "S3Uri.$": "$.checkpoint_uri",
        "LocalPath": "/opt/ml/checkpoints",
    }
    assert found["StoppingCondition"] == {
        "MaxRuntimeInSeconds.$": "$.max_runtime_seconds",
        "MaxWaitTimeInSeconds.$": "$.max_wait_seconds",
    }
    assert found["ResourceConfig"]["InstanceType.$"] == "$.instance_type"


def test_every_base_model_is_trained_on_the_machine_that_the_settings_say(cloud: Cloud) -> None:
    prepare = cloud.one("AWS::Lambda::Function", "Prepare").properties
    types = json.loads(prepare["Environment"]["Variables"]["TRAINING_INSTANCE_TYPES"])
    assert types == {cloud.settings.base_model.id: cloud.settings.training.instance_type}


def test_a_job_reads_one_subjects_photos_by_manifest_and_the_base_model(cloud: Cloud) -> None:
    channels = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]
        for each in job(cloud)["InputDataConfig"]
    }
    assert set(channels) == {"photos", "model", "prior"}
    assert channels["photos"]["S3DataType"] == "ManifestFile"
    assert channels["photos"]["S3Uri.$"] == "$.photos_manifest_uri"
    assert channels["model"]["S3DataType"] == channels["prior"]["S3DataType"] == "S3Prefix"
    assert {each["S3DataDistributionType"] for each in channels.values()} == {"FullyReplicated"}


def test_the_metrics_of_a_job_are_read_from_the_lines_that_it_logs(cloud: Cloud) -> None:
    definitions = job(cloud)["AlgorithmSpecification"]["MetricDefinitions"]
    lines = [
        step_line(120, 300, loss=0.0625, seconds_per_step=0.08),
        scores_line(300, identity=0.91, prompt_fidelity=0.985, likeness=-0.05, score=0.896),
    ]
    read = {
        each["Name"]: [
            float(number) for line in lines for number in re.findall(each["Regex"], line)
        ]
        for each in definitions
    }
    assert read == {
        "training:loss": [0.0625],
        "training:steps_per_second": [12.5],
        "training:identity": [0.91],
        "training:prompt_fidelity": [0.985],
        "training:likeness": [-0.05],
        "training:score": [0.896],
    }
    assert len(definitions) <= 40
    assert all(len(each["Regex"]) <= 500 for each in definitions)


def test_class_images_are_written_by_functions_and_read_by_jobs_of_anyone(cloud: Cloud) -> None:
    may = {
        (each.role.removeprefix("training/")[:7], action)
        for each in cloud.statements()
        for action in each.actions
        if any("/prior/" in resource for resource in each.resources)
    }
    assert may == {
        ("Prepare", "s3:PutObject"),
        ("Publish", "s3:PutObject"),
        ("JobRole", "s3:GetObject"),
    }


def test_what_a_job_writes_is_encrypted_and_not_packed(cloud: Cloud) -> None:
    output = job(cloud)["OutputDataConfig"]
    assert output["S3OutputPath.$"] == "$.output_uri"
    assert output["CompressionType"] == "NONE"
    assert "DataKey" in output["KmsKeyId"]


def test_a_job_runs_the_pinned_container_of_its_region(cloud: Cloud) -> None:
    image = job(cloud)["AlgorithmSpecification"]["TrainingImage"]
    registry, rest = image.split("/")
    assert registry.endswith(f".dkr.ecr.{cloud.settings.region}.amazonaws.com")
    assert rest.startswith("huggingface-pytorch-training:2.9.0-transformers5.3.0-gpu-py312")


def test_the_code_of_a_job_comes_from_the_deployment(cloud: Cloud) -> None:
    prepare = cloud.one("AWS::Lambda::Function", "PrepareFunction").properties
    uri = text(prepare["Environment"]["Variables"]["TRAINING_CODE_URI"])
    assert uri.startswith("s3://")
    assert uri.endswith("gz")


def test_it_has_time_for_all_its_attempts(cloud: Cloud) -> None:
    limits = cloud.settings.domain["training"]
    assert machine(cloud)["TimeoutSeconds"] > limits["max_attempts"] * limits["max_wait_seconds"]


def test_it_is_traced_and_logged_without_data(cloud: Cloud) -> None:
    properties = cloud.one("AWS::StepFunctions::StateMachine").properties
    assert properties["TracingConfiguration"] == {"Enabled": True}
    logging = properties["LoggingConfiguration"]
    assert logging["Level"] == "ALL"
    assert logging["IncludeExecutionData"] is False


def test_starts_and_ends_of_jobs_and_executions_reach_the_queue(cloud: Cloud) -> None:
    patterns = {
        each.properties["EventPattern"]["detail-type"][0]: each.properties
        for each in cloud.all("AWS::Events::Rule")
        if each.stack == "training"
    }
    jobs = patterns["SageMaker Training Job State Change"]["EventPattern"]
    ends = {"Completed", "Failed", "Stopped"}
    assert set(jobs["detail"]["TrainingJobStatus"]) == ends | {"InProgress"}
    assert jobs["detail"]["TrainingJobName"] == [{"prefix": "trn-"}]
    runs = patterns["Step Functions Execution Status Change"]["EventPattern"]
    assert runs["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    machine_name = cloud.one("AWS::StepFunctions::StateMachine").name
    assert text(runs["detail"]["stateMachineArn"][0]) == f"<{machine_name}>"
    for properties in patterns.values():
        assert "EventsQueue" in text(properties["Targets"][0]["Arn"])
