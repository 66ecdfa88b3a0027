"""All training jobs: create, describe, list, stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws.sagemaker.errors import ResourceInUse, ValidationException
from local_aws.sagemaker.ports import Launcher, Platform
from local_aws.sagemaker.training_job import TERMINAL, Secondary, TrainingJob
from local_aws.sagemaker.training_request import parse
from local_aws.sagemaker.training_run import TrainingRun, TrainingSettings
from local_aws.sagemaker.validation import validate

logger = logging.getLogger("local_aws.sagemaker")

_EVENT = "SageMaker Training Job State Change"
_LIST_DEFAULT = 10  # MaxResults of ListTrainingJobs


class TrainingJobs:
    """The registry of jobs; each runs in a thread of its own."""

    def __init__(
        self,
        platform: Platform,
        launcher: Launcher,
        folder: Path,
        arn_prefix: str,
        settings: TrainingSettings | None = None,
    ) -> None:
        self._platform = platform
        self._launcher = launcher
        self._folder = folder
        self._arn_prefix = arn_prefix
        self._settings = settings or TrainingSettings()
        self._jobs: dict[str, TrainingJob] = {}
        self._lock = threading.Lock()
        self.capacity_available = True

    def arn(self, name: str) -> str:
        """ARN of the job of that name."""
        return f"{self._arn_prefix}:training-job/{name}"

    def create(self, document: Mapping[str, Any]) -> TrainingJob:
        """Check the request and start the job.

        Raises:
            ValidationException: the request, or the role, is no good.
            ResourceInUse: a job of that name exists; names are never free again.
        """
        request = parse(document)
        self._platform.check_role(request.role_arn)
        job = TrainingJob(request, self.arn(request.name))
        with self._lock:
            if request.name in self._jobs:
                message = (
                    "Training job names must be unique within an AWS account and region, and a "
                    f"training job with this name already exists ({job.arn})"
                )
                raise ResourceInUse(message)
            job.enter(Secondary.STARTING)
            self._jobs[request.name] = job
        folder = self._folder / request.name
        run = TrainingRun(
            job, folder, self._platform, self._launcher, self._settings, self._announce
        )
        thread = threading.Thread(
            target=self._run, args=(job, run), name=f"training-{request.name}", daemon=True
        )
        thread.start()
        return job

    def _run(self, job: TrainingJob, run: TrainingRun) -> None:
        self._announce(job)
        run.run(capacity=self.capacity_available)

    def get(self, name: str) -> TrainingJob:
        """The job; AWS answers an unknown name with ValidationException, not ResourceNotFound."""
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            raise ValidationException("Requested resource not found.")
        return job

    def stop(self, name: str) -> None:
        """Ask the job to end: SIGTERM, then SIGKILL after the grace.

        Raises:
            ValidationException: there is no such job, or it has already ended.
        """
        job = self.get(name)
        with job.lock:
            if job.status in TERMINAL:
                message = (
                    f"The request was rejected because the training job is in status {job.status}."
                )
                raise ValidationException(message)
            job.stop.set()

    def list(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """ListTrainingJobs: newest first, filtered by status and name, paged."""
        validate("sagemaker", "ListTrainingJobs", query)
        with self._lock:
            jobs = list(self._jobs.values())
        status, part = query.get("StatusEquals"), query.get("NameContains", "")
        found = [j for j in jobs if part in j.request.name and status in (None, j.status)]
        by_name = query.get("SortBy") == "Name"
        found.sort(
            key=lambda j: (j.request.name if by_name else "", j.created),
            reverse=query.get("SortOrder", "Descending") == "Descending",
        )
        start = int(query.get("NextToken") or 0)
        end = start + int(query.get("MaxResults", _LIST_DEFAULT))
        answer: dict[str, Any] = {"TrainingJobSummaries": [j.summary() for j in found[start:end]]}
        if end < len(found):
            answer["NextToken"] = str(end)
        return answer

    def _announce(self, job: TrainingJob) -> None:
        """Tell EventBridge, with DescribeTrainingJob's document and times in milliseconds."""
        detail = in_milliseconds(job.describe())
        try:
            self._platform.event(_EVENT, detail, [job.arn])
        except Exception:
            logger.exception("training_event_failed", extra={"job": job.request.name})


def in_milliseconds(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its times as epoch milliseconds: so do events and Step Functions."""

    def convert(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {n: convert(n, v) for n, v in value.items()}
        if isinstance(value, list):
            return [convert("", v) for v in value]
        return int(value * 1000) if name.endswith("Time") and isinstance(value, float) else value

    return {name: convert(name, value) for name, value in document.items()}
