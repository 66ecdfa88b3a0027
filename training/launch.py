"""Start a training in SageMaker by hand: `python -m training.launch PHOTOS --environment dev`.

For whoever tries a recipe at full size. The job is the deployed state machine's in everything but
its photos, its settings and its code, which is this working tree's: image, role, machine, Spot,
key and channels are read from the state machine, so that an experiment that works is one that will
work deployed. It publishes nothing: the adapter stays with the experiment, and the work bucket's
rules remove it in time. On a laptop: `python -m training`; with environment `local`, the embedded
SageMaker runs it.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bases.source import S3Model
from contract.base_folder import checked
from contract.base_model import BASE_FILE, BaseModel
from contract.errors import ContractError
from contract.training_job import Hyperparameters
from training.command import BAD_INPUT, Asked, add_subject, asked_of, sentence_parser
from training.errors import TrainingError
from training.local_base import resolution_of

if TYPE_CHECKING:
    import boto3
    from sagemaker.train import ModelTrainer

# Not the prefix that the service's event rules and its state machine's role listen to.
_NAME = "experiment"
_PROGRAM = "train.py"


@dataclass(frozen=True)
class Deployed:
    """What an experiment takes from a deployment: the state machine's request, and two buckets.

    `instance_types`: base model → the machine on which it is trained, the default base first.
    """

    request: Mapping[str, Any]
    work_bucket: str
    models_bucket: str
    instance_types: Mapping[str, str]

    @classmethod
    def read(cls, environment: str, session: "boto3.Session") -> "Deployed":
        """From the stacks' outputs and the state machine's definition."""
        outputs: dict[str, str] = {}
        for stack in ("storage", "training"):
            (found,) = session.client("cloudformation").describe_stacks(
                StackName=f"avatar-{environment}-{stack}"
            )["Stacks"]
            outputs |= {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}
        machine = session.client("stepfunctions").describe_state_machine(
            stateMachineArn=outputs["StateMachineArn"]
        )
        request = json.loads(machine["definition"])["States"]["Train"]["Parameters"]
        types = json.loads(outputs["TrainingInstanceTypes"])
        return cls(request, outputs["WorkBucket"], outputs["ModelsBucket"], types)

    def instance_type_of(self, base_model: str) -> str:
        """The machine for a base; one that is not on offer yet gets the default base's."""
        default = next(iter(self.instance_types.values()))
        return self.instance_types.get(base_model, default)


@dataclass(frozen=True)
class Experiment:
    """One job: where its parts lie in S3, and its settings. Folders end with `/`."""

    settings: Hyperparameters
    folder: str
    model: str
    hours: float = 4.0
    spot: bool = True

    @property
    def code(self) -> str:
        """The archive of this working tree."""
        return f"{self.folder}code/sourcedir.tar.gz"

    def channel(self, name: str) -> str:
        """An input channel's objects."""
        return self.model if name == "model" else f"{self.folder}{name}/"


def trainer(deployed: Deployed, experiment: Experiment, session: "boto3.Session") -> "ModelTrainer":
    """The SDK's trainer for this job (sagemaker 3: ModelTrainer; there is no Estimator any more).

    It is given no SourceCode: that starts the container by a script of the SDK's own, and an
    experiment shall start as the deployed job does, by the container's script mode.
    """
    # The SDK tries a role's permissions on every resource there is, and refuses one that may only
    # do what it needs. SageMaker itself says what is missing.
    os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.shapes import (
        CheckpointConfig,
        MetricDefinition,
        OutputDataConfig,
        S3DataSource,
        StoppingCondition,
        Tag,
    )
    from sagemaker.core.training.configs import Compute, InputData
    from sagemaker.train import ModelTrainer

    request = deployed.request
    machine, output = request["ResourceConfig"], request["OutputDataConfig"]
    seconds = round(experiment.hours * 3600)
    waiting = {"max_wait_time_in_seconds": 2 * seconds} if experiment.spot else {}
    made = ModelTrainer(
        sagemaker_session=Session(boto_session=session),
        base_job_name=_NAME,
        role=request["RoleArn"],
        training_image=request["AlgorithmSpecification"]["TrainingImage"],
        training_input_mode=request["AlgorithmSpecification"]["TrainingInputMode"],
        compute=Compute(
            instance_type=deployed.instance_type_of(experiment.settings.base_model_id),
            instance_count=machine["InstanceCount"],
            volume_size_in_gb=machine["VolumeSizeInGB"],
            enable_managed_spot_training=experiment.spot,
        ),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=seconds, **waiting),
        input_data_config=[
            InputData(
                channel_name=channel["ChannelName"],
                data_source=S3DataSource(
                    s3_data_type="S3Prefix",
                    s3_uri=experiment.channel(channel["ChannelName"]),
                    s3_data_distribution_type="FullyReplicated",
                ),
            )
            for channel in request["InputDataConfig"]
        ],
        output_data_config=OutputDataConfig(
            s3_output_path=f"{experiment.folder}output/",
            kms_key_id=output["KmsKeyId"],
            compression_type=output["CompressionType"],
        ),
        checkpoint_config=CheckpointConfig(
            s3_uri=f"{experiment.folder}checkpoints/",
            local_path=request["CheckpointConfig"]["LocalPath"],
        ),
        hyperparameters={
            **experiment.settings.to_strings(),
            "sagemaker_program": _PROGRAM,
            "sagemaker_submit_directory": experiment.code,
        },
        tags=[Tag(key=tag["Key"], value=tag["Value"]) for tag in request["Tags"]],
    )
    metrics = request["AlgorithmSpecification"].get("MetricDefinitions", [])
    if metrics:
        made.with_metric_definitions(
            [MetricDefinition(name=each["Name"], regex=each["Regex"]) for each in metrics]
        )
    return made


def prepare(
    asked: Asked, deployed: Deployed, session: "boto3.Session", code: Path, *, spot: bool
) -> Experiment:
    """Check everything, then upload photos and code. Raises ContractError or TrainingError."""
    from training.photos import load_photos  # and torch, which takes seconds

    load_photos(asked.photos)
    s3, model = session.client("s3"), f"base/{asked.base}/"
    files = S3Model(s3, deployed.models_bucket, model)
    checked(files)
    description = BaseModel.from_json(files.read(BASE_FILE, 0, files.sizes().get(BASE_FILE, 0)))
    settings = asked.settings(asked.base, description.family, resolution_of(files))
    # Under trainings/: there the job's role may read and write, and old work expires.
    prefix = f"trainings/{_NAME}s/{datetime.now(UTC):%Y%m%d-%H%M%S}/"
    for channel in deployed.request["InputDataConfig"]:
        # SageMaker refuses a channel without objects: there is always one.
        name = channel["ChannelName"]
        if name not in {"photos", "model"}:
            s3.put_object(Bucket=deployed.work_bucket, Key=f"{prefix}{name}/about.txt", Body=b"")
    for photo in sorted(path for path in asked.photos.iterdir() if path.is_file()):
        s3.upload_file(str(photo), deployed.work_bucket, f"{prefix}photos/{photo.name}")
    folder = f"s3://{deployed.work_bucket}/{prefix}"
    experiment = Experiment(settings, folder, f"s3://{deployed.models_bucket}/{model}", spot=spot)
    s3.upload_file(str(code), deployed.work_bucket, f"{prefix}code/sourcedir.tar.gz")
    return experiment


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    parser = sentence_parser("python -m training.launch", "Start a training in SageMaker by hand.")
    add_subject(parser)
    parser.add_argument("--environment", required=True, help="the deployment to run it in")
    parser.add_argument("--base", required=True, help="the id of a published base model")
    parser.add_argument("--on-demand", action="store_true", help="no Spot: dearer, and at once")
    parser.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="follow its log"
    )
    given = parser.parse_args(arguments)
    asked = asked_of(parser, given)
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from infra.bundling import training_code

    session = boto3.Session()
    try:
        deployed = Deployed.read(given.environment, session)
        code = training_code(vendor_wheels=given.environment != "local")
        experiment = prepare(asked, deployed, session, code, spot=not given.on_demand)
        made = trainer(deployed, experiment, session)
        made.train(wait=given.wait, logs=given.wait)
    except (ContractError, TrainingError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return BAD_INPUT
    sys.stdout.write(f"adapter   below {experiment.folder}output/\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
