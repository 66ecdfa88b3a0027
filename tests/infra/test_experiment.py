"""A training started by hand asks SageMaker for what the deployed state machine asks for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from contract.training_job import Hyperparameters
from tests.infra.cloud import Cloud, text
from training.command import RECIPES
from training.launch import Deployed, Experiment, trainer

FOLDER, MODEL = "s3://work/trainings/experiments/1/", "s3://models/base/sdxl-base-1.0/"


@pytest.fixture
def _without_role_check() -> Iterator[None]:
    yield
    os.environ.pop("SAGEMAKER_VALIDATE_ROLE", None)


def settings() -> Hyperparameters:
    values: dict[str, object] = {
        **RECIPES["sdxl"],  # type: ignore[index]
        "training_id": f"trn_{'0' * 26}",
        "subject_id": f"sub_{'0' * 26}",
        "kind": "person",
        "class_noun": "red panda",
        "base_model_id": "sdxl-base-1.0",
        "resolution": 1024,
    }
    return Hyperparameters.from_strings({name: str(value) for name, value in values.items()})


@pytest.mark.filterwarnings("ignore")  # the SDK's imports warn about each other
@pytest.mark.usefixtures("_without_role_check")
def test_an_experiment_is_the_deployed_job_but_for_photos_settings_and_code(prod: Cloud) -> None:
    machine = text(prod.one("AWS::StepFunctions::StateMachine").properties["DefinitionString"])
    request: dict[str, Any] = json.loads(machine)["States"]["Train"]["Parameters"]
    # In a template these are references; in an account they are ARNs.
    request["RoleArn"] = "arn:aws:iam::000000000000:role/job"
    request["OutputDataConfig"]["KmsKeyId"] = "arn:aws:kms:us-east-1:000000000000:key/data"
    session = boto3.Session("key", "secret", region_name="us-east-1")
    experiment = Experiment(settings(), FOLDER, MODEL)

    types = json.loads(prod.templates["training"]["Outputs"]["TrainingInstanceTypes"]["Value"])
    # What the state machine is told for each training.
    assert request["ResourceConfig"].pop("InstanceType.$") == "$.instance_type"
    request["ResourceConfig"]["InstanceType"] = types["sdxl-base-1.0"]

    made = trainer(Deployed(request, "work", "models", types), experiment, session)
    asked = made._create_training_job_args(boto3=True)

    for name in ("RoleArn", "ResourceConfig", "EnableManagedSpotTraining", "Tags"):
        assert asked[name] == request[name], name
    assert given(asked["AlgorithmSpecification"]) == request["AlgorithmSpecification"]
    channels = {each["ChannelName"]: each for each in asked["InputDataConfig"]}
    assert list(channels) == [each["ChannelName"] for each in request["InputDataConfig"]]
    assert channels["model"]["DataSource"]["S3DataSource"]["S3Uri"] == MODEL
    assert channels["photos"]["DataSource"]["S3DataSource"]["S3Uri"] == f"{FOLDER}photos/"
    for name, address in (("OutputDataConfig", "S3OutputPath"), ("CheckpointConfig", "S3Uri")):
        assert asked[name].pop(address).startswith(FOLDER)
        assert asked[name] == {k: v for k, v in request[name].items() if k != f"{address}.$"}
    assert set(asked["StoppingCondition"]) == {
        name.removesuffix(".$") for name in request["StoppingCondition"]
    }
    hyperparameters = dict(asked["HyperParameters"])
    assert hyperparameters.pop("sagemaker_program") == "train.py"
    assert hyperparameters.pop("sagemaker_submit_directory") == experiment.code
    assert Hyperparameters.from_strings(hyperparameters) == experiment.settings
    assert not asked["TrainingJobName"].startswith("trn-")


def given(document: dict[str, Any]) -> dict[str, Any]:
    """Without what the SDK leaves empty."""
    return {name: value for name, value in document.items() if value is not None}


def test_an_experiment_on_a_base_that_is_not_on_offer_yet_gets_the_default_machine() -> None:
    types = {"sdxl-base-1.0": "ml.g5.2xlarge", "sd-1.5": "ml.g6.xlarge"}
    deployed = Deployed({}, "work", "models", types)
    assert deployed.instance_type_of("sd-1.5") == "ml.g6.xlarge"
    assert deployed.instance_type_of("sd-9") == "ml.g5.2xlarge"
