"""One training job's record and its states.

    Starting → Downloading → Training → Uploading → Completed
        └──────────┴────────────┴───────────┴─────→ Failed
                                └→ Stopping → Stopped | MaxRuntimeExceeded | MaxWaitTimeExceeded

`TrainingJobStatus` is InProgress, Completed, Failed, Stopping or Stopped; the names above are
`SecondaryStatus` (DescribeTrainingJob in the API reference).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from local_aws.sagemaker.training_request import TrainingRequest


class Secondary(StrEnum):
    """SecondaryStatus."""

    STARTING = "Starting"
    DOWNLOADING = "Downloading"
    TRAINING = "Training"
    UPLOADING = "Uploading"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    MAX_RUNTIME = "MaxRuntimeExceeded"
    MAX_WAIT = "MaxWaitTimeExceeded"


_STATUS = {
    Secondary.COMPLETED: "Completed",
    Secondary.FAILED: "Failed",
    Secondary.STOPPING: "Stopping",
    Secondary.STOPPED: "Stopped",
    Secondary.MAX_RUNTIME: "Stopped",
    Secondary.MAX_WAIT: "Stopped",
}
_MESSAGES = {
    Secondary.STARTING: "Preparing the instances for training",
    Secondary.DOWNLOADING: "Downloading input data",
    Secondary.TRAINING: "Training image download completed. Training in progress.",
    Secondary.UPLOADING: "Uploading generated training model",
    Secondary.STOPPING: "Stopping the training job",
    Secondary.COMPLETED: "Training job completed",
    Secondary.FAILED: "Training job failed",
    Secondary.STOPPED: "Training job stopped",
    Secondary.MAX_RUNTIME: "Training job runtime exceeded MaxRuntimeInSeconds provided",
    Secondary.MAX_WAIT: "Training job runtime exceeded MaxWaitTimeInSeconds provided",
}
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})


@dataclass
class TrainingJob:
    """The record behind DescribeTrainingJob; times are epoch seconds of the real clock."""

    request: TrainingRequest
    arn: str
    created: float = field(default_factory=time.time)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    failure_reason: str | None = None
    artifacts: str | None = None
    training_started: float | None = None
    ended: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def secondary(self) -> Secondary:
        """Where the job stands in detail."""
        return Secondary(self.transitions[-1]["Status"])

    @property
    def status(self) -> str:
        """TrainingJobStatus."""
        return _STATUS.get(self.secondary, "InProgress")

    def enter(self, secondary: Secondary, message: str | None = None) -> None:
        """Close the present state and enter the next; a terminal state is never left."""
        with self.lock:
            now = time.time()
            if self.transitions:
                if self.status in TERMINAL:
                    return
                self.transitions[-1]["EndTime"] = now
            entry = {
                "Status": str(secondary),
                "StartTime": now,
                "StatusMessage": message or _MESSAGES[secondary],
            }
            if secondary is Secondary.TRAINING and self.training_started is None:
                self.training_started = now
            self.transitions.append(entry)
            if self.status in TERMINAL:
                entry["EndTime"] = now
                self.ended = now

    def describe(self) -> dict[str, Any]:
        """The answer of DescribeTrainingJob; times as epoch seconds."""
        with self.lock:
            answer = dict(self.request.document)
            answer |= {
                "TrainingJobArn": self.arn,
                "TrainingJobStatus": self.status,
                "SecondaryStatus": str(self.secondary),
                "SecondaryStatusTransitions": [dict(entry) for entry in self.transitions],
                "CreationTime": self.created,
                "LastModifiedTime": self.transitions[-1]["StartTime"],
                "EnableManagedSpotTraining": self.request.spot,
                "ModelArtifacts": {"S3ModelArtifacts": self.artifacts or ""},
            }
            answer.pop("Tags", None)
            if self.failure_reason:
                answer["FailureReason"] = self.failure_reason
            if self.training_started is not None:
                answer["TrainingStartTime"] = self.training_started
            if self.ended is not None:
                answer["TrainingEndTime"] = self.ended
                # Billed from the start of the download; here as there, a waiting job is free.
                spent = round(self.ended - (self.training_started or self.ended))
                answer["TrainingTimeInSeconds"] = spent
                answer["BillableTimeInSeconds"] = spent
            return answer

    def summary(self) -> dict[str, Any]:
        """One entry of ListTrainingJobs."""
        with self.lock:
            entry: dict[str, Any] = {
                "TrainingJobName": self.request.name,
                "TrainingJobArn": self.arn,
                "CreationTime": self.created,
                "LastModifiedTime": self.transitions[-1]["StartTime"],
                "TrainingJobStatus": self.status,
                "SecondaryStatus": str(self.secondary),
            }
            if self.ended is not None:
                entry["TrainingEndTime"] = self.ended
            return entry
