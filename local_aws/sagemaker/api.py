"""The SageMaker API (JSON 1.1, target prefix `SageMaker`): operations, permissions, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws import seam
from local_aws.faults import Rules
from local_aws.sagemaker.errors import ServiceError, ValidationException
from local_aws.sagemaker.service import SageMaker
from local_aws.sagemaker.validation import validate

Json = dict[str, Any]
_PASSED_TO = {"iam:PassedToService": "sagemaker.amazonaws.com"}


class SageMakerApi:
    """Dispatches operations; the caller's permissions are checked before anything else."""

    def __init__(self, service: SageMaker, rules: Rules) -> None:
        self._service = service
        self._hosting = service.hosting
        self._catalogue = service.hosting.catalogue
        self._training = service.training
        self._rules = rules
        # Operation: (kind of resource, request member with its name or "", handler).
        self._operations: dict[str, tuple[str, str, Callable[[Json], Json]]] = {
            "CreateTrainingJob": ("training-job", "TrainingJobName", self._create_job),
            "DescribeTrainingJob": ("training-job", "TrainingJobName", self._describe_job),
            "StopTrainingJob": ("training-job", "TrainingJobName", self._stop_job),
            "ListTrainingJobs": ("*", "", self._training.list),
            "CreateModel": ("model", "ModelName", self._catalogue.create_model),
            "DescribeModel": ("model", "ModelName", self._describe("model", "ModelName")),
            "DeleteModel": ("model", "ModelName", self._delete("model", "ModelName")),
            "CreateEndpointConfig": (
                "endpoint-config",
                "EndpointConfigName",
                self._catalogue.create_config,
            ),
            "DescribeEndpointConfig": (
                "endpoint-config",
                "EndpointConfigName",
                self._describe("endpoint-config", "EndpointConfigName"),
            ),
            "DeleteEndpointConfig": (
                "endpoint-config",
                "EndpointConfigName",
                self._delete("endpoint-config", "EndpointConfigName"),
            ),
            "CreateEndpoint": ("endpoint", "EndpointName", self._create_endpoint),
            "UpdateEndpoint": ("endpoint", "EndpointName", self._update_endpoint),
            "DescribeEndpoint": ("endpoint", "EndpointName", self._describe_endpoint),
            "DeleteEndpoint": ("endpoint", "EndpointName", self._delete_endpoint),
            "UpdateEndpointWeightsAndCapacities": ("endpoint", "EndpointName", self._scale),
            "ListEndpoints": ("*", "", self._list_endpoints),
        }

    def call(self, operation: str, request: Json, caller: seam.Caller) -> Json:
        """Answer one call; raises seam.AwsError."""
        if operation not in self._operations:
            message = f"The embedded AWS does not serve sagemaker:{operation}."
            raise seam.AwsError("UnknownOperationException", message)
        self._rules.meet(operation, caller)
        kind, member, handler = self._operations[operation]
        name = str(request.get(member, ""))
        resource = "*" if kind == "*" else self._catalogue.arn(kind, name)
        authorize_call(caller, operation, resource, request)
        try:
            validate("sagemaker", operation, request)
            return handler(request)
        except ServiceError as error:
            raise seam.AwsError(error.code, error.message, error.status) from error

    def _create_job(self, request: Json) -> Json:
        return {"TrainingJobArn": self._training.create(request).arn}

    def _describe_job(self, request: Json) -> Json:
        return self._training.get(request["TrainingJobName"]).describe()

    def _stop_job(self, request: Json) -> Json:
        self._training.stop(request["TrainingJobName"])
        return {}

    def _describe(self, kind: str, member: str) -> Callable[[Json], Json]:
        return lambda request: self._catalogue.get(kind, request[member])

    def _delete(self, kind: str, member: str) -> Callable[[Json], Json]:
        def delete(request: Json) -> Json:
            self._catalogue.remove(kind, request[member])
            return {}

        return delete

    def _create_endpoint(self, request: Json) -> Json:
        return {"EndpointArn": self._hosting.create_endpoint(request).arn}

    def _update_endpoint(self, request: Json) -> Json:
        return {"EndpointArn": self._hosting.update_endpoint(request).arn}

    def _describe_endpoint(self, request: Json) -> Json:
        return self._hosting.endpoint(request["EndpointName"]).describe()

    def _delete_endpoint(self, request: Json) -> Json:
        self._hosting.delete_endpoint(request["EndpointName"])
        return {}

    def _scale(self, request: Json) -> Json:
        name = request["EndpointName"]
        for wanted in request["DesiredWeightsAndCapacities"]:
            if "DesiredInstanceCount" not in wanted:
                raise ValidationException("The embedded AWS changes instance counts only.")
            self._hosting.scale(name, wanted["VariantName"], wanted["DesiredInstanceCount"])
        return {"EndpointArn": self._hosting.endpoint(name).arn}

    def _list_endpoints(self, request: Json) -> Json:
        part = request.get("NameContains", "")
        members = (
            "EndpointName",
            "EndpointArn",
            "CreationTime",
            "LastModifiedTime",
            "EndpointStatus",
        )
        found = [e.describe() for n, e in list(self._hosting.endpoints.items()) if part in n]
        return {"Endpoints": [{m: document[m] for m in members} for document in found]}


def authorize_call(
    caller: seam.Caller, operation: str, resource: str, request: Mapping[str, Any]
) -> None:
    """Check `sagemaker:<operation>`; `AddTags` and `iam:PassRole` where tags and a role come along.

    Raises:
        seam.AccessDenied: the caller may not.
    """
    seam.authorize(caller, f"sagemaker:{operation}", resource)
    if request.get("Tags"):
        seam.authorize(caller, "sagemaker:AddTags", resource)
    role = request.get("RoleArn") or request.get("ExecutionRoleArn")
    if role and operation.startswith("Create"):
        seam.authorize(caller, "iam:PassRole", str(role), _PASSED_TO)
