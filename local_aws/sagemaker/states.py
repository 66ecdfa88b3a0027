"""Step Functions' `sagemaker:createTrainingJob` and `createTrainingJob.sync`."""

from __future__ import annotations

import json
from typing import Any

from local_aws import seam
from local_aws.sagemaker.api import authorize_call
from local_aws.sagemaker.errors import (
    ResourceInUse,
    ResourceLimitExceeded,
    ResourceNotFound,
    ServiceError,
)
from local_aws.sagemaker.service import SageMaker
from local_aws.sagemaker.training_job import TrainingJob
from local_aws.sagemaker.training_jobs import in_milliseconds
from local_aws.settings import ACCOUNT, REGION

Json = dict[str, Any]
RESOURCE = "arn:aws:states:::sagemaker:createTrainingJob"
_POLL_S = 0.2
# What `.sync` needs beyond the job itself ("IAM policies for integrated services", SageMaker).
_MANAGED_RULE = (
    f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"
)
_MANAGED_RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


def _task_error(error: ServiceError | seam.AwsError) -> seam.TaskFailed:
    """Step Functions names modelled errors, and calls the others AmazonSageMakerException."""
    name = error.code if isinstance(error, ServiceError) else ""
    modelled = (ResourceInUse, ResourceLimitExceeded, ResourceNotFound)
    shown = f"{name}Exception" if isinstance(error, modelled) else "AmazonSageMakerException"
    cause = (
        f"{error.message} (Service: AmazonSageMaker; Status Code: {error.status}; "
        f"Error Code: {error.code})"
    )
    return seam.TaskFailed(f"SageMaker.{shown}", cause)


class TrainingJobTask:
    """The task integration; permissions are the state machine's role's."""

    def __init__(self, service: SageMaker) -> None:
        self._training = service.training
        self._arn = service.hosting.catalogue.arn

    def start(self, context: seam.TaskContext, request: Json) -> Json:
        """Request and response: answers at once."""
        return {"TrainingJobArn": self._create(context, request).arn}

    def run(self, context: seam.TaskContext, request: Json) -> Json:
        """Run a job (.sync): waits for the end, and stops the job with the execution.

        Raises:
            seam.TaskFailed: the job could not be created, or did not complete.
        """
        job = self._create(context, request, synchronous=True)
        while not job.done.wait(_POLL_S):
            if context.stopped():
                self._stop(context, job)
                return {}
        document = in_milliseconds(job.describe())
        if job.status != "Completed":
            raise seam.TaskFailed("States.TaskFailed", json.dumps(document))
        return document

    def _create(
        self, context: seam.TaskContext, request: Json, *, synchronous: bool = False
    ) -> TrainingJob:
        caller = context.caller
        arn = self._arn("training-job", str(request.get("TrainingJobName", "")))
        try:
            authorize_call(caller, "CreateTrainingJob", arn, request)
            if synchronous:
                seam.authorize(caller, "sagemaker:DescribeTrainingJob", arn)
                for action in _MANAGED_RULE_ACTIONS:
                    seam.authorize(caller, action, _MANAGED_RULE)
            return self._training.create(request)
        except (ServiceError, seam.AwsError) as error:
            raise _task_error(error) from error

    def _stop(self, context: seam.TaskContext, job: TrainingJob) -> None:
        try:
            seam.authorize(context.caller, "sagemaker:StopTrainingJob", job.arn)
            self._training.stop(job.request.name)
        except (ServiceError, seam.AwsError):
            return  # ended by itself meanwhile, or the role may not: AWS lets the job run on
        job.done.wait()
