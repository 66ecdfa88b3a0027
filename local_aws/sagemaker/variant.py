"""What an endpoint runs: a model joined with one production variant of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.async_request import AsyncOutput
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.ports import S3Uri

# ProductionVariant.ContainerStartupHealthCheckTimeoutInSeconds: 60 to 3600; SageMaker hosting
# gives containers eight minutes when it is not set.
DEFAULT_STARTUP_S = 480


@dataclass(frozen=True)
class Variant:
    """One model on some instances; seconds are real ones."""

    endpoint: str
    config: str
    name: str
    role_arn: str
    image: str
    model_data: S3Uri | None
    compressed: bool
    environment: Mapping[str, str]
    initial_count: int
    startup_s: int
    instance_type: str
    output: AsyncOutput


def _model_data(container: Mapping[str, Any]) -> tuple[S3Uri | None, bool]:
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    if source:
        return S3Uri.parse(source["S3Uri"]), source["CompressionType"] == "Gzip"
    if container.get("ModelDataUrl"):
        return S3Uri.parse(container["ModelDataUrl"]), True
    return None, False


def join(endpoint: str, config: Mapping[str, Any], model: Mapping[str, Any]) -> Variant:
    """The variant of an endpoint configuration and its model.

    Raises:
        ValidationException: something that the embedded AWS does not run (a real-time endpoint,
            several containers).
    """
    production = config["ProductionVariants"][0]
    container = model.get("PrimaryContainer") or (model.get("Containers") or [None])[0]
    if container is None or len(model.get("Containers") or ()) > 1:
        message = f"Model {model['ModelName']}: the embedded AWS runs exactly one container."
        raise ValidationException(message)
    if not config.get("AsyncInferenceConfig"):
        message = "The embedded AWS runs asynchronous endpoints only: set AsyncInferenceConfig."
        raise ValidationException(message)
    try:
        data, compressed = _model_data(container)
        output = AsyncOutput.parse(config["AsyncInferenceConfig"])
    except ValueError as error:
        raise ValidationException(str(error)) from error
    startup = production.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_S)
    return Variant(
        endpoint=endpoint,
        config=config["EndpointConfigName"],
        name=production["VariantName"],
        role_arn=config.get("ExecutionRoleArn") or model["ExecutionRoleArn"],
        image=container.get("Image", ""),
        model_data=data,
        compressed=compressed,
        environment=dict(container.get("Environment") or {}),
        initial_count=int(production.get("InitialInstanceCount", 1)),
        startup_s=int(startup),
        instance_type=production.get("InstanceType", ""),
        output=output,
    )
