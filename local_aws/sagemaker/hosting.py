"""Endpoints and their invocation: SageMaker's hosting API without its wire."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.clock import Clock
from local_aws.sagemaker.async_request import (
    DEFAULT_INVOCATION_TIMEOUT_S,
    DEFAULT_TTL_S,
    AsyncRequest,
    failure_uri,
    result_uri,
)
from local_aws.sagemaker.catalogue import Catalogue
from local_aws.sagemaker.endpoint import Endpoint
from local_aws.sagemaker.errors import ServiceError, StoreError, ValidationException
from local_aws.sagemaker.fleet import StartContainer
from local_aws.sagemaker.ports import Platform, S3Uri
from local_aws.sagemaker.validation import validate


class ValidationError(ServiceError):
    """SageMaker Runtime's name for a bad request."""


class Hosting:
    """The registry of endpoints."""

    def __init__(
        self, platform: Platform, clock: Clock, start: StartContainer, arn_prefix: str, region: str
    ) -> None:
        self._platform = platform
        self._clock = clock
        self._start = start
        self._region = region
        self._lock = threading.RLock()
        self.catalogue = Catalogue(platform, arn_prefix)
        self.endpoints: dict[str, Endpoint] = {}
        # Application Auto Scaling answers here; none is registered until it is joined.
        self.is_scalable_target: Callable[[str, str], bool] = lambda _endpoint, _variant: False

    def arn(self, name: str) -> str:
        """ARN of an endpoint."""
        return self.catalogue.arn("endpoint", name)

    def create_endpoint(self, request: Mapping[str, Any]) -> Endpoint:
        """CreateEndpoint: the fleet starts in the background."""
        validate("sagemaker", "CreateEndpoint", request)
        name = request["EndpointName"]
        config, variant = self.catalogue.variant(name, request["EndpointConfigName"])
        with self._lock:
            if name in self.endpoints:
                message = f'Cannot create already existing endpoint "{self.arn(name)}".'
                raise ValidationException(message)
            endpoint = Endpoint(
                name,
                self.arn(name),
                self._platform,
                self._clock,
                self._start,
                self._region,
            )
            self.endpoints[name] = endpoint
            endpoint.create(config, variant)
        return endpoint

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint; raises ValidationException."""
        with self._lock:
            found = self.endpoints.get(name)
        if found is None:
            message = f'Could not find endpoint "{self.arn(name)}".'
            raise ValidationException(message)
        return found

    def update_endpoint(self, request: Mapping[str, Any]) -> Endpoint:
        """UpdateEndpoint. A variant that Auto Scaling knows must keep its name."""
        validate("sagemaker", "UpdateEndpoint", request)
        endpoint = self.endpoint(request["EndpointName"])
        config, variant = self.catalogue.variant(endpoint.name, request["EndpointConfigName"])
        if variant.name != endpoint.fleet.variant.name:
            self._refuse_if_scalable(endpoint)
        retain = bool(request.get("RetainAllVariantProperties"))
        endpoint.update(config, variant, retain_count=retain)
        return endpoint

    def delete_endpoint(self, name: str) -> Endpoint:
        """DeleteEndpoint: refused while a variant is a scalable target."""
        endpoint = self.endpoint(name)
        self._refuse_if_scalable(endpoint)

        def gone() -> None:
            with self._lock:
                self.endpoints.pop(name, None)

        endpoint.delete(gone)
        return endpoint

    def _refuse_if_scalable(self, endpoint: Endpoint) -> None:
        variant = endpoint.fleet.variant.name
        if self.is_scalable_target(endpoint.name, variant):
            message = (
                f'The variant(s) "{variant}" of endpoint "{endpoint.arn}" must be deregistered as '
                "scalable targets with AWS Application Auto Scaling before they can be removed."
            )
            raise ValidationException(message)

    def scale(self, name: str, variant: str, count: int) -> None:
        """UpdateEndpointWeightsAndCapacities for one variant."""
        endpoint = self.endpoint(name)
        if variant != endpoint.fleet.variant.name:
            message = f'Could not find variant "{variant}" of endpoint "{endpoint.arn}".'
            raise ValidationException(message)
        endpoint.scale(count)

    def invoke_async(self, request: Mapping[str, Any]) -> AsyncRequest:
        """InvokeEndpointAsync: queue the request.

        Raises:
            ValidationError: malformed, no such endpoint, or an input that the execution role
                cannot read.
        """
        try:
            validate("sagemaker-runtime", "InvokeEndpointAsync", request)
            endpoint = self.endpoint(request["EndpointName"])
        except ValidationException as error:
            if "Could not find endpoint" in error.message:
                message = f"Endpoint {request['EndpointName']} of account not found."
                raise ValidationError(message) from None
            raise ValidationError(error.message) from None
        location, body = request.get("InputLocation"), request.get("Body")
        if bool(location) == bool(body):
            raise ValidationError("Exactly one of InputLocation and Body must be given.")
        variant = endpoint.fleet.variant
        source = self._readable(location, variant.role_arn) if location else None
        output = variant.output
        extension = request.get("S3OutputPathExtension", "").strip("/")
        folder = output.output.under(f"{extension}/") if extension else output.output
        queued = AsyncRequest(
            endpoint=endpoint.name,
            inference_id=request.get("InferenceId") or str(uuid.uuid4()),
            input=source,
            body=body,
            content_type=request.get("ContentType", ""),
            accept=request.get("Accept", ""),
            custom_attributes=request.get("CustomAttributes", ""),
            ttl_s=int(request.get("RequestTTLSeconds", DEFAULT_TTL_S)),
            timeout_s=int(request.get("InvocationTimeoutSeconds", DEFAULT_INVOCATION_TIMEOUT_S)),
            output=result_uri(folder, request.get("Filename")),
            failure=failure_uri(output.failure) if output.failure else None,
            enqueued=self._clock.now(),
        )
        endpoint.put(queued)
        return queued

    def _readable(self, location: str, role_arn: str) -> S3Uri:
        try:
            uri = S3Uri.parse(location)
            self._platform.store(role_arn).size(uri)
        except (ValueError, StoreError) as error:
            message = (
                f"Unable to access the input object {location}. Please ensure that the object "
                f"exists and that the role {role_arn} has s3:GetObject permission on it."
            )
            raise ValidationError(message) from error
        return uri

    def tick(self) -> None:
        """Once per minute of AWS time."""
        for endpoint in list(self.endpoints.values()):
            endpoint.tick()

    def close(self) -> None:
        """End all processes."""
        for endpoint in list(self.endpoints.values()):
            endpoint.abandon()
