"""The `HostedImages` port on Amazon Bedrock's InvokeModel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.failures import calling, code_of
from lambdas.ports import CallRejected, ModelOutOfReach

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

# InvokeModel, "Errors": these pass by themselves, as throttling does. ModelErrorException: "an
# error while processing the model". A quota is of a time, too.
_PASSING = frozenset(
    {"ModelErrorException", "ModelTimeoutException", "ServiceQuotaExceededException"}
)
# No permission, no subscription to the model (which its first use in an account begins, and takes
# minutes), or no such model any more.
_OUT_OF_REACH = frozenset({"AccessDeniedException", "ResourceNotFoundException"})


class BedrockImages:
    """The models of one region."""

    def __init__(self, client: Callable[[], BedrockRuntimeClient]) -> None:
        self._client = client

    def draw(self, model_id: str, call: Mapping[str, Any]) -> bytes:
        """See `HostedImages.draw`."""
        try:
            with calling("hosted model", also=_PASSING):
                answer = self._client().invoke_model(
                    modelId=model_id,
                    body=json.dumps(call).encode(),
                    contentType="application/json",
                    accept="application/json",
                )
                return answer["body"].read()
        except ClientError as error:
            code = code_of(error)
            if code == "ValidationException":
                raise CallRejected from error
            if code in _OUT_OF_REACH:
                raise ModelOutOfReach(code) from error
            raise
