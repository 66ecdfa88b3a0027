"""The `GenerationBackend` port on an asynchronous SageMaker endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.adapters.failures import calling
from lambdas.ports import EndpointStatus, Invocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

# InvokeEndpointAsync: the longest that one invocation may run.
_MAX_INVOCATION_SECONDS = 3600


class SageMakerEndpoint:
    """One endpoint; the clients are made only when one of them is needed."""

    def __init__(
        self,
        runtime: Callable[[], SageMakerRuntimeClient],
        control: Callable[[], SageMakerClient],
        name: str,
    ) -> None:
        self._runtime = runtime
        self._control = control
        self._name = name

    def invoke(
        self, generation_id: str, *, request_uri: str, request_ttl_seconds: int
    ) -> Invocation:
        """See `GenerationBackend.invoke`."""
        with calling("endpoint", also={"ServiceUnavailable", "InternalDependencyException"}):
            answer = self._runtime().invoke_endpoint_async(
                EndpointName=self._name,
                InferenceId=generation_id,
                InputLocation=request_uri,
                ContentType="application/json",
                Accept="application/json",
                RequestTTLSeconds=request_ttl_seconds,
                InvocationTimeoutSeconds=_MAX_INVOCATION_SECONDS,
            )
        return Invocation(answer["OutputLocation"], answer.get("FailureLocation"))

    def status(self) -> EndpointStatus:
        """See `GenerationBackend.status`."""
        with calling("endpoint"):
            answer = self._control().describe_endpoint(EndpointName=self._name)
        variants = answer.get("ProductionVariants", [])
        return EndpointStatus(
            answer["EndpointStatus"], sum(v.get("CurrentInstanceCount", 0) for v in variants)
        )
