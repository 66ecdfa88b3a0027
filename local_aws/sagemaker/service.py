"""The embedded SageMaker as one object: engines, their ports, their shared settings."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws import processes
from local_aws.clock import ScaledClock
from local_aws.sagemaker.aws_ports import EmbeddedPlatform
from local_aws.sagemaker.hosting import Hosting
from local_aws.sagemaker.local_container import LocalContainers
from local_aws.sagemaker.process import ProcessLauncher
from local_aws.sagemaker.training_jobs import TrainingJobs
from local_aws.sagemaker.training_run import TrainingSettings
from local_aws.settings import ACCOUNT, REGION, Settings

# A stopped process really has to write its checkpoint, however fast the clock runs.
_LEAST_STOP_GRACE_S = 15.0
_STOP_GRACE_S = 120.0  # StopTrainingJob


@dataclass(frozen=True)
class SageMaker:
    """What the doors (API, CloudFormation, Step Functions, Auto Scaling) share."""

    clock: ScaledClock
    platform: EmbeddedPlatform
    containers: LocalContainers
    training: TrainingJobs
    hosting: Hosting

    def set_capacity(self, *, available: bool) -> None:
        """Whether instances are to be had: for jobs and for endpoints."""
        self.training.capacity_available = available
        self.containers.capacity_available = available


def build(settings: Settings) -> SageMaker:
    """Make the service of one instance of the embedded AWS."""
    clock = ScaledClock(settings.speed)
    platform = EmbeddedPlatform(settings.port)
    launcher = ProcessLauncher(processes.registry())
    containers = LocalContainers(platform, launcher, settings.run_dir / "serving")
    arn_prefix = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    grace = max(settings.seconds(_STOP_GRACE_S), _LEAST_STOP_GRACE_S)
    training = TrainingJobs(
        platform,
        launcher,
        settings.run_dir / "training",
        arn_prefix,
        TrainingSettings(stop_grace_s=grace),
    )
    hosting = Hosting(platform, clock, containers.start, arn_prefix, REGION)
    return SageMaker(clock, platform, containers, training, hosting)
