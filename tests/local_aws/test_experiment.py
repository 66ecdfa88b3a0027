"""A training started by hand runs in the embedded SageMaker: real SDK, real code, real adapter."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from bases.source import SHIPPED
from contract.adapter import AdapterManifest
from contract.base_folder import content_hash, model_files
from contract.base_model import BaseModel, Family
from contract.errors import BaseFolderError
from contract.training_job import SubjectKind
from infra.bundling import training_code
from infra.training_metrics import metric_definitions
from local_aws.testing import EmbeddedAws
from tests.local_aws.sagemaker_world import IMAGE, World, allow
from tests.ml.subjects import draw_photos
from training.command import Asked
from training.launch import Deployed, prepare, trainer

SMALL = {"max_steps": "1", "rank": "4", "batch_size": "1", "resolution": "32"}


@pytest.fixture
def world(aws: EmbeddedAws, make_role: Callable[..., str]) -> World:
    world = World(aws, make_role)
    base = BaseModel("tiny-sd", content_hash(SHIPPED["tiny-sd"]), Family.SD)
    for file in model_files(SHIPPED["tiny-sd"]):
        world.put(f"base/tiny-sd/{file.as_posix()}", (SHIPPED["tiny-sd"] / file).read_bytes())
    world.put("base/tiny-sd/base.json", base.to_json().encode())
    return world


@pytest.fixture
def session(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "false")
    return boto3.Session()


@pytest.fixture
def deployed(world: World, aws: EmbeddedAws, make_role: Callable[..., str]) -> Deployed:
    """As the state machine's definition has it, in one bucket."""
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    bucket = f"arn:aws:s3:::{world.bucket}"
    role = make_role(
        f"job-{uuid.uuid4().hex[:8]}",
        "sagemaker.amazonaws.com",
        allow(
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
            bucket,
            f"{bucket}/*",
        ),
        allow(["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"], key),
    )
    request = {
        "RoleArn": role,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": metric_definitions(),
        },
        "InputDataConfig": [{"ChannelName": name} for name in ("photos", "model", "prior")],
        "OutputDataConfig": {"KmsKeyId": key, "CompressionType": "NONE"},
        "CheckpointConfig": {"LocalPath": "/opt/ml/checkpoints"},
        "ResourceConfig": {
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "Tags": [{"Key": "avatar:environment", "Value": "local"}],
    }
    types = {"miniature": "ml.g5.2xlarge"}
    return Deployed(request, world.bucket, world.bucket, types)


def asked(photos: Path, base: str = "tiny-sd") -> Asked:
    return Asked(photos, base, SubjectKind.PERSON, "red panda", SMALL)


@pytest.mark.slow  # tests/infra/test_experiment.py holds the request to the deployed job's
@pytest.mark.filterwarnings("ignore")  # the SDK's imports warn about each other
def test_an_experiment_trains_in_the_embedded_sagemaker(
    world: World, deployed: Deployed, session: boto3.Session, tmp_path: Path
) -> None:
    photos = draw_photos(tmp_path / "photos", "orange", "blue")
    code = training_code(vendor_wheels=False)
    experiment = prepare(asked(photos), deployed, session, code, spot=True)
    made = trainer(deployed, experiment, session)
    made.train(wait=False, logs=False)
    job = made._latest_training_job
    assert job is not None
    found = world.finished(job.training_job_name, seconds=480)
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    manifest = AdapterManifest.from_json(
        world.read(f"{experiment.folder}output/{job.training_job_name}/output/model/manifest.json")
    )
    assert manifest.training == experiment.settings.to_scalars()
    assert manifest.class_noun == "red panda"


def test_a_damaged_base_is_found_before_anything_is_uploaded(
    world: World, deployed: Deployed, session: boto3.Session, tmp_path: Path
) -> None:
    photos = draw_photos(tmp_path / "photos", "orange", "blue")
    weights = SHIPPED["tiny-sd"] / "unet" / "diffusion_pytorch_model.safetensors"
    world.put(f"base/tiny-sd/unet/{weights.name}", weights.read_bytes()[:-9])
    with pytest.raises(BaseFolderError, match=r"unet/diffusion_pytorch_model\.safetensors is cut"):
        prepare(asked(photos), deployed, session, tmp_path / "no-code", spot=True)
    assert world.keys("trainings/") == []
