"""What is added to the emulator, in order. Each package has an `install()`."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

PARTS = (
    "local_aws.patches",
    "local_aws.service_metrics",
    "local_aws.resource_types",
    "local_aws.rekognition",
    "local_aws.comprehend",
    "local_aws.translate",
    "local_aws.bedrock",
    "local_aws.sagemaker",
    "local_aws.autoscaling",
)


def install(further: Iterable[str] = ()) -> None:
    """Register every part; called once, before the server accepts requests."""
    for name in (*PARTS, *further):
        importlib.import_module(name).install()
