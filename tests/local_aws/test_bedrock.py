"""InvokeModel through the SDK: AWS's shapes, permissions and errors; pictures of a tiny base."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contract.generation import Prompt
from contract.generation_result import FinishReason
from lambdas.adapters.bedrock_images import BedrockImages
from lambdas.domain.errors import Unavailable
from lambdas.domain.generation import GenerationState
from lambdas.domain.hosted_calls import call_of, read_sample
from lambdas.domain.hosted_models import BY_MODEL_ID, HostedModel
from lambdas.domain.locations import avatar_key
from lambdas.ports import CallRejected, ModelOutOfReach
from local_aws import client as local_client
from local_aws.bedrock.calls import MAX_SEED, REGIONS, read_call
from local_aws.seam import AwsError
from local_aws.testcards import TOXIC_PHRASE
from local_aws.testing import EmbeddedAws
from tests.local_aws.conftest import allow
from tests.unit.lambdas.events.painting_world import PaintingWorld
from tests.unit.lambdas.gateway import OWNER

CORE = "stability.stable-image-core-v1:1"
(REGION,) = REGIONS
CALL = {"prompt": "a person", "seed": 7}


def bedrock(aws: EmbeddedAws, region: str = REGION, **keys: str) -> Any:
    """A client in the region of the models."""
    return local_client.client("bedrock-runtime", aws.port, region=region, **keys)


@pytest.fixture
def images(aws: EmbeddedAws) -> Iterator[BedrockImages]:
    """The adapter of the application, over the embedded AWS; what a test planted is taken back."""
    client = bedrock(aws)
    yield BedrockImages(lambda: client)
    aws.control_delete("/_local/bedrock/verdicts")


def picture(answer: bytes) -> Image.Image:
    sample = read_sample(answer)
    assert sample.finish_reason is FinishReason.SUCCESS, answer[:200]
    return Image.open(io.BytesIO(sample.image))


def test_a_tiny_base_draws_in_a_process_of_its_own_and_the_seed_decides(
    aws: EmbeddedAws, images: BedrockImages
) -> None:
    def drawing() -> list[Any]:
        found = aws.control("/_local/processes")["processes"]
        return [each["pid"] for each in found if each["kind"] == "drawing"]

    aws.control("/_local/bedrock/base", {"base": "tiny-sd"})
    assert drawing() == [], "idle, it costs nothing"
    first = images.draw(CORE, {**CALL, "aspect_ratio": "16:9"})
    assert read_sample(first).seed == 7
    with picture(first) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (1344, 768))
    (process,) = drawing()
    assert images.draw(CORE, {**CALL, "aspect_ratio": "16:9"}) == first
    assert images.draw(CORE, {**CALL, "aspect_ratio": "16:9", "seed": 8}) != first
    assert drawing() == [process]
    free = images.draw(CORE, {"prompt": "a person", "output_format": "jpeg"})
    assert 1 <= (read_sample(free).seed or 0) <= MAX_SEED
    with picture(free) as drawn:
        assert (drawn.format, drawn.size) == ("JPEG", (1024, 1024))


def test_a_generation_is_painted_screened_and_released_with_what_the_embedded_model_draws(
    aws: EmbeddedAws, images: BedrockImages
) -> None:
    aws.control("/_local/bedrock/base", {"base": "tiny-sd"})
    world = PaintingWorld()
    world.model = images  # type: ignore[assignment]
    made = world.ask(samples=2, prompts=(Prompt("a person in red"),))
    planted = {"finish_reason": "Filter reason: output image"}
    aws.control("/_local/bedrock/verdicts", planted)
    while world.asked.messages:  # again, where a slow machine lets a call run out of time
        assert world.paint() == []
    assert world.screen() == []
    done = world.now_of(made)
    assert done.state is GenerationState.PARTIALLY_FILTERED
    (shown,) = done.shown
    assert shown.seed == made.plan.seeds[1]
    released = world.avatars.objects_by_key[avatar_key(OWNER, made.id, shown.id)]
    with Image.open(io.BytesIO(released)) as drawn:
        assert drawn.size == (1024, 1024)


def test_filters_say_so_in_an_answer_without_an_image(
    aws: EmbeddedAws, images: BedrockImages
) -> None:
    filtered = images.draw(CORE, {**CALL, "prompt": TOXIC_PHRASE})
    assert json.loads(filtered) == {"finish_reasons": ["Filter reason: prompt"]}
    planted = {"finish_reason": "Filter reason: output image"}
    aws.control("/_local/bedrock/verdicts", planted)
    assert read_sample(images.draw(CORE, CALL)).finish_reason is FinishReason.CONTENT_FILTERED


@pytest.mark.parametrize(
    ("fault", "status", "meaning"),
    [
        ("ThrottlingException", 429, Unavailable),
        ("ModelTimeoutException", 408, Unavailable),
        ("ModelErrorException", 424, Unavailable),
        ("ServiceUnavailableException", 503, Unavailable),
        ("AccessDeniedException", 403, ModelOutOfReach),
        ("ValidationException", 400, CallRejected),
    ],
)
def test_a_planted_fault_comes_with_its_status(
    aws: EmbeddedAws,
    images: BedrockImages,
    fault: str,
    status: int,
    meaning: type[Exception],
) -> None:
    aws.control("/_local/bedrock/verdicts", {"fault": fault, "count": None})
    with pytest.raises(meaning) as caught:
        images.draw(CORE, CALL)
    cause = caught.value.__cause__
    assert isinstance(cause, ClientError)
    assert cause.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_caller_needs_the_permission_on_that_model_in_that_region(
    aws: EmbeddedAws, make_role: Callable[..., str]
) -> None:
    def keys(role: str) -> dict[str, str]:
        found = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }

    arn = f"arn:aws:bedrock:{REGION}::foundation-model/{CORE}"
    may = keys(make_role("may-draw", "lambda.amazonaws.com", allow("bedrock:InvokeModel", on=arn)))
    filtered = {**CALL, "prompt": TOXIC_PHRASE}  # answered without drawing
    assert BedrockImages(lambda: bedrock(aws, **may)).draw(CORE, filtered)
    with pytest.raises(ModelOutOfReach):
        BedrockImages(lambda: bedrock(aws, **may)).draw("stability.sd3-5-large-v1:0", filtered)
    with pytest.raises(ModelOutOfReach):
        BedrockImages(lambda: bedrock(aws, "us-east-1", **may)).draw(CORE, filtered)


def test_a_region_without_the_models_knows_none_of_them(aws: EmbeddedAws) -> None:
    with pytest.raises(CallRejected):
        BedrockImages(lambda: bedrock(aws, "us-east-1")).draw(CORE, CALL)


models = st.sampled_from(sorted(BY_MODEL_ID.values(), key=lambda model: model.id))


@given(
    model=models,
    size=st.sampled_from(sorted(next(iter(BY_MODEL_ID.values())).sizes)),
    seed=st.integers(1, MAX_SEED),
    texts=st.lists(st.text(min_size=1, max_size=50), min_size=1, max_size=3),
    unwanted=st.lists(st.text(min_size=1, max_size=50), max_size=2),
)
def test_whatever_the_application_translates_is_a_call_as_aws_documents_it(
    model: HostedModel, size: tuple[int, int], seed: int, texts: list[str], unwanted: list[str]
) -> None:
    prompts = [*map(Prompt, texts), *(Prompt(text, -1.0) for text in unwanted)]
    body = json.dumps(call_of(model, prompts, None, size, seed)).encode()
    call = read_call(model.model_id, REGION, body)
    assert (call.size, call.seed, call.output_format) == (size, seed, "png")
    assert call.prompt == ", ".join(texts)
    assert call.negative_prompt == ", ".join(unwanted)


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": None},
        {"prompt": "a" * 10_001},
        {"negative_prompt": "a" * 10_001},
        {"seed": MAX_SEED + 1},
        {"seed": -1},
        {"seed": True},
        {"seed": 1.5},
        {"aspect_ratio": "4:3"},
        {"aspect_ratio": ["1:1"]},
        {"output_format": "webp"},
        {"steps": 30},
        {"cfg_scale": 7},
        {"text_prompts": [{"text": "a hat"}]},
        {"mode": "text-to-image"},
        {"image": base64.b64encode(b"a picture").decode()},
    ],
)
def test_what_the_guide_does_not_know_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(AwsError) as caught:
        read_call(CORE, REGION, json.dumps({**CALL, **fields}).encode())
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"no json"])
def test_a_body_that_is_no_call_is_refused(body: bytes) -> None:
    with pytest.raises(AwsError, match="Malformed input request"):
        read_call(CORE, REGION, body)


def test_other_operations_and_bases_are_not_to_be_had(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        bedrock(aws).converse(modelId=CORE, messages=[])
    with pytest.raises(Exception, match="no base"):
        aws.control("/_local/bedrock/base", {"base": "../tests"})
