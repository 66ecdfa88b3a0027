"""Registers SageMaker with the embedded AWS."""

from __future__ import annotations

import functools
from typing import Any

from local_aws import control, faults, lifecycle, seam
from local_aws.sagemaker.api import SageMakerApi
from local_aws.sagemaker.cloudformation import SageMakerResources
from local_aws.sagemaker.runtime_api import RuntimeApi
from local_aws.sagemaker.service import SageMaker, build
from local_aws.sagemaker.states import RESOURCE, TrainingJobTask
from local_aws.settings import current


@functools.cache
def service() -> SageMaker:
    """The SageMaker of the instance that this process is."""
    return build(current())


def open_doors() -> None:
    """API, runtime API, Step Functions tasks, CloudFormation types, control routes."""
    sagemaker, rules = service(), faults.rules_for("sagemaker")
    seam.register_json_service("sagemaker", "SageMaker", SageMakerApi(sagemaker, rules).call)
    seam.register_rest_json_service("sagemaker", RuntimeApi(sagemaker, rules).call)
    task = TrainingJobTask(sagemaker)
    seam.register_task_integration(RESOURCE, task.start)
    seam.register_task_integration(f"{RESOURCE}.sync", task.run)
    SageMakerResources(sagemaker.hosting).register()
    lifecycle.on_stop(sagemaker.hosting.close)

    def capacity(body: dict[str, Any]) -> dict[str, Any]:
        available = body.get("available")
        if not isinstance(available, bool):
            raise control.BadRequestError('the body must be {"available": true} or false')
        sagemaker.set_capacity(available=available)
        return {"available": available}

    control.route("POST", "/_local/sagemaker/capacity", capacity)
