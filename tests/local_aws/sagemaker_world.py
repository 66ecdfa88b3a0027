"""What the SageMaker tests put into the embedded AWS: a bucket, roles, code, small helpers."""

from __future__ import annotations

import io
import json
import tarfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_aws.testing import EmbeddedAws

TOYS = Path(__file__).parent / "toys"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/toy:1"


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait until `condition()` is truthy; returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    message = f"not within {seconds} s"
    raise AssertionError(message)


def allow(actions: list[str], *resources: str) -> dict[str, Any]:
    """A policy statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


class World:
    """One bucket, an execution role that may use it, toy code inside."""

    def __init__(self, aws: EmbeddedAws, make_role: Callable[..., str]) -> None:
        self.aws = aws
        self.id = uuid.uuid4().hex[:8]
        self.bucket = f"toys-{self.id}"
        self.s3 = aws.client("s3")
        self.sagemaker = aws.client("sagemaker")
        self.s3.create_bucket(Bucket=self.bucket)
        arn = f"arn:aws:s3:::{self.bucket}"
        self.role = make_role(
            f"exec-{self.id}",
            "sagemaker.amazonaws.com",
            allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"], arn, f"{arn}/*"),
            allow(["sns:Publish"], "*"),
        )
        self.put("code/sourcedir.tar.gz", self._archive("train.py"))
        self.put("photos/a.jpg", b"a")
        self.put("photos/b.jpg", b"b")
        self.put("model/weights.txt", b"toy weights")
        self.put("model/code/inference.py", (TOYS / "inference.py").read_bytes())

    def _archive(self, name: str) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            tar.add(TOYS / name, arcname=name)
        return buffer.getvalue()

    def put(self, key: str, body: bytes) -> str:
        """Put an object; returns its URI."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return self.uri(key)

    def uri(self, key: str) -> str:
        """URI of a key in the bucket."""
        return f"s3://{self.bucket}/{key}"

    def read(self, uri: str) -> bytes:
        """An object's bytes."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        """Keys below a prefix, without it."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return sorted(item["Key"].removeprefix(prefix) for item in found)

    def job(self, mode: str = "succeed", **changes: Any) -> dict[str, Any]:
        """A CreateTrainingJob request for the toy script."""
        return {
            "TrainingJobName": f"toy-{uuid.uuid4().hex[:8]}",
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": self.role,
            "HyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": self.uri("code/sourcedir.tar.gz"),
                "mode": mode,
                "token": "<subject>",
            },
            "InputDataConfig": [self.channel(self.uri("photos/"))],
            "OutputDataConfig": {"S3OutputPath": self.uri("out"), "CompressionType": "NONE"},
            "ResourceConfig": {
                "InstanceType": "ml.g5.xlarge",
                "InstanceCount": 1,
                "VolumeSizeInGB": 30,
            },
            "CheckpointConfig": {"S3Uri": self.uri(f"checkpoints/{uuid.uuid4().hex[:6]}/")},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **changes,
        }

    def channel(self, uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
        """The `photos` channel."""
        source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
        return {"ChannelName": "photos", "DataSource": {"S3DataSource": source}}

    def start(self, request: dict[str, Any]) -> str:
        """Create the job; returns its name."""
        self.sagemaker.create_training_job(**request)
        name: str = request["TrainingJobName"]
        return name

    def describe(self, name: str) -> Any:
        """DescribeTrainingJob."""
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def finished(self, name: str, seconds: float = 40.0) -> Any:
        """Wait for the job's end; returns its description."""

        def ended() -> Any:
            found = self.describe(name)
            ended = found["TrainingJobStatus"] in ("Completed", "Failed", "Stopped")
            return found if ended else None

        return until(ended, seconds)

    def processes(self, kind: str, name: str) -> list[int]:
        """Pids of the instance's processes."""
        found = self.aws.control("/_local/processes")["processes"]
        return [p["pid"] for p in found if p["kind"] == kind and p["name"] == name]

    def training(self, name: str) -> int:
        """Wait until the job's process runs; returns its pid."""

        def running() -> Any:
            state = self.describe(name)["SecondaryStatus"]
            return self.processes("training", name) if state == "Training" else None

        pids = until(running)
        return int(pids[0])

    def report(self, name: str) -> dict[str, Any]:
        """What the toy script wrote into its model."""
        document: dict[str, Any] = json.loads(
            self.read(self.uri(f"out/{name}/output/model/report.json"))
        )
        return document
