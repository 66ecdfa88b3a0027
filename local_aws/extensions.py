"""What is added to the emulator, in order. Each package has an `install()`."""

from __future__ import annotations

import importlib
import importlib.util

PARTS = (
    "local_aws.patches",
    "local_aws.resource_types",
    "local_aws.rekognition",
    "local_aws.comprehend",
    "local_aws.sagemaker",
    "local_aws.autoscaling",
)


def install() -> None:
    """Register every part; called once, before the server accepts requests."""
    for name in PARTS:
        if importlib.util.find_spec(name) is None:
            continue
        importlib.import_module(name).install()
