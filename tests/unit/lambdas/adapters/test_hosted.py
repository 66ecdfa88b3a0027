"""InvokeModel as botocore knows it: what is sent, what an answer or an error becomes."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody

from contract.generation import Prompt
from lambdas.adapters import clients
from lambdas.adapters.bedrock_images import BedrockImages
from lambdas.domain.errors import Unavailable
from lambdas.domain.hosted_calls import call_of
from lambdas.domain.hosted_models import BY_MODEL_ID
from lambdas.ports import CallRejected, ModelOutOfReach
from tests.unit.lambdas.adapters.stubbed import stubbed

CALL = {"prompt": "a hat", "seed": 1}
# Every error that botocore's model of InvokeModel has.
ERRORS = {
    "AccessDeniedException": (403, ModelOutOfReach),
    "ResourceNotFoundException": (404, ModelOutOfReach),
    "ThrottlingException": (429, Unavailable),
    "ModelTimeoutException": (408, Unavailable),
    "InternalServerException": (500, Unavailable),
    "ServiceUnavailableException": (503, Unavailable),
    "ValidationException": (400, CallRejected),
    "ServiceQuotaExceededException": (400, Unavailable),
    "ModelNotReadyException": (429, Unavailable),
    "ModelErrorException": (424, Unavailable),
}


@pytest.mark.parametrize("model_id", BY_MODEL_ID)
def test_a_call_names_the_model_and_brings_the_answer_as_it_is(model_id: str) -> None:
    client, stub = stubbed("bedrock-runtime")
    model = BY_MODEL_ID[model_id]
    call = call_of(model, [Prompt("a hat")], None, model.sizes[0], 7)
    stub.add_response(
        "invoke_model",
        {"body": _stream(b"an answer"), "contentType": "application/json"},
        {
            "modelId": model_id,
            "body": json.dumps(call).encode(),
            "contentType": "application/json",
            "accept": "application/json",
        },
    )
    assert BedrockImages(lambda: client).draw(model_id, call) == b"an answer"
    stub.assert_no_pending_responses()


def test_every_error_of_the_operation_is_understood() -> None:
    client, _ = stubbed("bedrock-runtime")
    shapes = client.meta.service_model.operation_model("InvokeModel").error_shapes
    assert {shape.name for shape in shapes} == set(ERRORS)
    for shape in shapes:
        assert shape.metadata["error"]["httpStatusCode"] == ERRORS[shape.name][0]


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_becomes_what_it_means_for_the_request(code: str) -> None:
    client, stub = stubbed("bedrock-runtime")
    status, meaning = ERRORS[code]
    stub.add_client_error("invoke_model", code, http_status_code=status)
    with pytest.raises(meaning):
        BedrockImages(lambda: client).draw("stability.sd3-5-large-v1:0", CALL)


def test_an_error_that_nobody_knows_stays_what_it_is() -> None:
    client, stub = stubbed("bedrock-runtime")
    stub.add_client_error("invoke_model", "UnrecognizedClientException", http_status_code=403)
    with pytest.raises(ClientError):
        BedrockImages(lambda: client).draw("stability.sd3-5-large-v1:0", CALL)


def test_a_connection_that_breaks_within_the_answer_is_met_again() -> None:
    class Broken(StreamingBody):
        def read(self, amt: int | None = None) -> bytes:
            raise ReadTimeoutError(endpoint_url="https://bedrock")

    client, stub = stubbed("bedrock-runtime")
    answer = {"body": Broken(io.BytesIO(b""), 0), "contentType": "application/json"}
    stub.add_response("invoke_model", answer)
    with pytest.raises(Unavailable):
        BedrockImages(lambda: client).draw("stability.sd3-5-large-v1:0", CALL)


def test_the_client_waits_for_a_drawing_and_leaves_trying_again_to_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    client = clients.bedrock_images("us-west-2")
    assert client.meta.region_name == "us-west-2"
    config: Any = client.meta.config
    assert (config.read_timeout, config.retries["total_max_attempts"]) == (60, 1)


def _stream(content: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(content), len(content))
