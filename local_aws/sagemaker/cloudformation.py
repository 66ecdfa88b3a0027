"""CloudFormation types AWS::SageMaker::Model, EndpointConfig and Endpoint.

Ref is the ARN, Fn::GetAtt the name. Every property of a model or a configuration is immutable: a
change makes a new one, which needs a name of CloudFormation's choosing.
"""

from __future__ import annotations

import logging
import secrets
import string
from collections.abc import Callable
from typing import Any

from local_aws import seam
from local_aws.sagemaker.errors import ServiceError, ValidationException
from local_aws.sagemaker.hosting import Hosting
from local_aws.sagemaker.validation import coerced

logger = logging.getLogger("local_aws.sagemaker")

Json = dict[str, Any]
_ALPHABET = string.ascii_letters + string.digits
_NAME_MAX = 63  # of models, configurations and endpoints


def generated_name(logical_id: str) -> str:
    """A physical name as CloudFormation makes it for SageMaker's types."""
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return f"{logical_id[: _NAME_MAX - 13]}-{suffix}"


class SageMakerResources:
    """Create, update and delete as CloudFormation does; failures are exceptions."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting
        self._catalogue = hosting.catalogue

    def register(self) -> None:
        """Teach CloudFormation the three types."""
        self._immutable("Model", "model", "ModelName", self._catalogue.create_model)
        self._immutable(
            "EndpointConfig", "endpoint-config", "EndpointConfigName", self._catalogue.create_config
        )
        seam.register_resource_type(
            "AWS::SageMaker::Endpoint",
            create=self._create_endpoint,
            update=self._update_endpoint,
            delete=self._delete_endpoint,
        )

    def _immutable(self, word: str, kind: str, member: str, make: Callable[[Json], Json]) -> None:
        def create(logical_id: str, properties: Json, _stack: str) -> tuple[str, Json]:
            request = coerced("sagemaker", f"Create{word}", properties)
            request.setdefault(member, generated_name(logical_id))
            make(request)
            return self._catalogue.arn(kind, request[member]), {member: request[member]}

        def update(arn: str, old: Json, new: Json, stack: str) -> tuple[str, Json]:
            if {**old, "Tags": None} == {**new, "Tags": None}:
                return arn, {member: self._name(kind, arn)}
            # The logical id is not handed to updates; its own old name carries it.
            return create(self._name(kind, arn).rpartition("-")[0] or word, new, stack)

        def delete(arn: str, _properties: Json) -> None:
            try:
                self._catalogue.remove(kind, self._name(kind, arn))
            except ServiceError:
                logger.debug("already gone: %s", arn)

        seam.register_resource_type(
            f"AWS::SageMaker::{word}", create=create, update=update, delete=delete
        )

    def _name(self, kind: str, arn: str) -> str:
        """The name behind an ARN; ARNs are in lower case, names are not."""
        names = self._hosting.endpoints if kind == "endpoint" else self._catalogue.names(kind)
        arns = {self._catalogue.arn(kind, name): name for name in list(names)}
        return arns.get(arn, arn.rsplit("/", 1)[-1])

    def _create_endpoint(self, logical_id: str, properties: Json, _stack: str) -> tuple[str, Json]:
        request = coerced("sagemaker", "CreateEndpoint", properties)
        request.setdefault("EndpointName", generated_name(logical_id))
        endpoint = self._hosting.create_endpoint(request)
        if endpoint.wait() != "InService":
            reason = endpoint.failure_reason or "The endpoint failed."
            self._hosting.delete_endpoint(endpoint.name).wait()
            raise ValidationException(reason)
        return endpoint.arn, {"EndpointName": endpoint.name}

    def _update_endpoint(self, arn: str, old: Json, new: Json, stack: str) -> tuple[str, Json]:
        if old.get("EndpointName") != new.get("EndpointName"):
            return self._create_endpoint("Endpoint", new, stack)
        name = self._name("endpoint", arn)
        request = coerced("sagemaker", "UpdateEndpoint", {**new, "EndpointName": name})
        endpoint = self._hosting.endpoint(name)
        endpoint.wait()
        if endpoint.describe()["EndpointConfigName"] != request["EndpointConfigName"]:
            # A failed update rolls back and the resource counts as updated, in AWS too: whoever
            # deploys compares EndpointConfigName afterwards.
            self._hosting.update_endpoint(request).wait()
        return arn, {"EndpointName": name}

    def _delete_endpoint(self, arn: str, _properties: Json) -> None:
        name = self._name("endpoint", arn)
        if name not in self._hosting.endpoints:
            return
        self._hosting.endpoint(name).wait()
        self._hosting.delete_endpoint(name).wait()
