"""A validated CreateTrainingJob request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.ports import S3Uri
from local_aws.sagemaker.validation import validate

# CreateTrainingJob's default when StoppingCondition names none (API reference): one day.
DEFAULT_MAX_RUNTIME_S = 86_400


@dataclass(frozen=True)
class Channel:
    """One input channel: where its objects are, and how they are named there."""

    name: str
    uri: S3Uri
    manifest: bool


@dataclass(frozen=True)
class TrainingRequest:
    """What a training job needs to know of its request; durations in seconds."""

    name: str
    role_arn: str
    program: str
    code: S3Uri
    hyperparameters: Mapping[str, str]
    environment: Mapping[str, str]
    channels: tuple[Channel, ...]
    output: S3Uri
    output_compressed: bool
    output_kms_key: str | None
    checkpoints: S3Uri | None
    max_runtime_s: int
    max_wait_s: int | None
    spot: bool
    document: Mapping[str, Any]


def decoded(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """Values as the training toolkit sees them: JSON where a value is JSON, else the string."""

    def one(value: str) -> Any:
        try:
            return json.loads(value)
        except ValueError:
            return value

    return {name: one(value) for name, value in hyperparameters.items()}


def _uri(text: str, what: str) -> S3Uri:
    try:
        return S3Uri.parse(text)
    except ValueError:
        message = f"The {what} '{text}' is not a valid S3 URI."
        raise ValidationException(message) from None


def _channel(document: Mapping[str, Any]) -> Channel:
    name = document["ChannelName"]
    source = document.get("DataSource", {}).get("S3DataSource")
    if source is None:
        message = f"Channel {name}: only S3DataSource is served by the embedded AWS."
        raise ValidationException(message)
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        message = f"Channel {name}: S3DataType {source['S3DataType']} is not served here."
        raise ValidationException(message)
    if document.get("InputMode", "File") != "File":
        message = f"Channel {name}: only InputMode File is served by the embedded AWS."
        raise ValidationException(message)
    uri = _uri(source["S3Uri"], f"S3Uri of channel {name}")
    return Channel(name, uri, manifest=source["S3DataType"] == "ManifestFile")


def _stopping(document: Mapping[str, Any], *, spot: bool) -> tuple[int, int | None]:
    stopping = document.get("StoppingCondition") or {}
    runtime = int(stopping.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_S))
    wait = stopping.get("MaxWaitTimeInSeconds")
    if spot and (wait is None or int(wait) < runtime):
        message = (
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds"
        )
        raise ValidationException(message)
    if not spot and wait is not None:
        message = "MaxWaitTimeInSeconds is not supported unless EnableManagedSpotTraining is true"
        raise ValidationException(message)
    return runtime, None if wait is None else int(wait)


def parse(document: Mapping[str, Any]) -> TrainingRequest:
    """Check a CreateTrainingJob request and take out what matters.

    Raises:
        ValidationException: as the service answers it.
    """
    validate("sagemaker", "CreateTrainingJob", document)
    hyperparameters = dict(document.get("HyperParameters") or {})
    for needed in ("sagemaker_program", "sagemaker_submit_directory"):
        if needed not in hyperparameters:
            # In AWS an image may bring its own code; here only script mode has any to run.
            message = f"HyperParameters must name {needed} (script mode)."
            raise ValidationException(message)
    script = decoded(hyperparameters)
    code = _uri(str(script["sagemaker_submit_directory"]), "sagemaker_submit_directory")
    channels = tuple(_channel(c) for c in document.get("InputDataConfig") or ())
    names = [channel.name for channel in channels]
    if len(set(names)) != len(names):
        raise ValidationException("Channel names must be unique.")
    spot = bool(document.get("EnableManagedSpotTraining"))
    runtime, wait = _stopping(document, spot=spot)
    output = document["OutputDataConfig"]
    checkpoints = document.get("CheckpointConfig")
    return TrainingRequest(
        name=document["TrainingJobName"],
        role_arn=document["RoleArn"],
        program=str(script["sagemaker_program"]),
        code=code,
        hyperparameters=hyperparameters,
        environment=dict(document.get("Environment") or {}),
        channels=channels,
        output=_uri(output["S3OutputPath"], "S3OutputPath"),
        output_compressed=output.get("CompressionType", "GZIP") == "GZIP",
        output_kms_key=output.get("KmsKeyId") or None,
        checkpoints=_uri(checkpoints["S3Uri"], "checkpoint S3Uri") if checkpoints else None,
        max_runtime_s=runtime,
        max_wait_s=wait,
        spot=spot,
        document=dict(document),
    )
