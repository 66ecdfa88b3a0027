"""The `TrainingJobs` port on SageMaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.adapters.failures import calling, code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sagemaker import SageMakerClient

# DescribeTrainingJob: a stopping job still saves its checkpoint and uploads its output.
_RUNNING = {"InProgress", "Stopping"}


class SageMakerJobs:
    """Training jobs by their names."""

    def __init__(self, client: Callable[[], SageMakerClient]) -> None:
        self._client = client

    def is_running(self, job_name: str) -> bool:
        """See `TrainingJobs.is_running`; a job that never was does not run."""
        with calling("training"):
            try:
                answer = self._client().describe_training_job(TrainingJobName=job_name)
            except ClientError as error:
                if code_of(error) in {"ValidationException", "ResourceNotFound"}:
                    return False
                raise
        return answer["TrainingJobStatus"] in _RUNNING
