"""SageMaker Runtime: `POST /endpoints/{name}/async-invocations` (REST, signed for sagemaker)."""

from __future__ import annotations

import re
from typing import Any

from local_aws import seam
from local_aws.faults import Rules
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.service import SageMaker
from local_aws.sagemaker.validation import operation_model

_PATH = re.compile(r"/endpoints/([^/]+)/(async-invocations|invocations)")


class RuntimeApi:
    """Answers InvokeEndpointAsync; real-time invocation is refused as AWS refuses it here."""

    def __init__(self, service: SageMaker, rules: Rules) -> None:
        self._hosting = service.hosting
        self._rules = rules

    def call(self, request: seam.RestRequest) -> seam.RestResponse:
        """Answer one call; raises seam.AwsError."""
        found = _PATH.fullmatch(request.path)
        if found is None or request.method != "POST":
            raise seam.AwsError("UnknownOperationException", "No such operation.", 404)
        name, kind = found.groups()
        arn = self._hosting.arn(name)
        if kind == "invocations":
            seam.authorize(request.caller, "sagemaker:InvokeEndpoint", arn)
            message = f"Endpoint {name} is asynchronous: use InvokeEndpointAsync."
            raise seam.AwsError("ValidationError", message)
        self._rules.meet("InvokeEndpointAsync", request.caller)
        seam.authorize(request.caller, "sagemaker:InvokeEndpointAsync", arn)
        try:
            queued = self._hosting.invoke_async(_parameters(name, request))
        except ServiceError as error:
            raise seam.AwsError(error.code, error.message, error.status) from error
        headers = {"X-Amzn-SageMaker-OutputLocation": str(queued.output)}
        if queued.failure is not None:
            headers["X-Amzn-SageMaker-FailureLocation"] = str(queued.failure)
        return seam.RestResponse({"InferenceId": queued.inference_id}, 202, headers)


def _parameters(name: str, request: seam.RestRequest) -> dict[str, Any]:
    """The operation's input from headers and body, by botocore's model."""
    found: dict[str, Any] = {"EndpointName": name}
    shape = operation_model("sagemaker-runtime", "InvokeEndpointAsync").input_shape
    members = shape.members if shape is not None else {}
    for member, model in members.items():
        header = str(model.serialization.get("name", "")).lower()
        if model.serialization.get("location") != "header" or header not in request.headers:
            continue
        text = request.headers[header]
        if model.type_name == "integer":
            try:
                found[member] = int(text)
            except ValueError as error:
                message = f"{member} is not a whole number"
                raise seam.AwsError("ValidationError", message) from error
        else:
            found[member] = text
    if request.body:
        found["Body"] = request.body
    return found
