"""Where an environment has a hosted model, it draws words without a subject, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from contract.generation import GenerationRequest
from lambdas.adapters.painting_queue import PaintingQueue
from lambdas.api.catalogue import CatalogueRules
from lambdas.api.catalogue import build_app as build_catalogue
from lambdas.api.generations import build_app
from lambdas.domain.settings import DomainSettings
from lambdas.openapi.operations import ANSWERS
from lambdas.records.generations import read_generation
from tests.unit.lambdas.api.test_generations import document, ready_subject
from tests.unit.lambdas.fakes import FakeQueue
from tests.unit.lambdas.gateway import OWNER, Client
from tests.unit.lambdas.given import World, settings

ULTRA = "stability.stable-image-ultra-v1:1"


def hosted(model: str = ULTRA) -> DomainSettings:
    bedrock = {"model": model, "region": "us-west-2"}
    return settings(
        generation={
            "negative_prompt": "nudity, gore",
            "subjectless_backend": {"bedrock": bedrock},
        },
        base_model={"default_negative_prompt": "blurry"},
    )


@pytest.fixture
def world() -> World:
    return World(settings=hosted())


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def client(world: World, queue: FakeQueue) -> Client:
    return Client(build_app(replace(world.generation_ports(), painting=PaintingQueue(queue))))


def create(client: Client, **body: Any) -> dict[str, Any]:
    reply = client.post("/generations", {"prompt": "a hat", **body})
    assert reply.status == 202, reply.body
    made: dict[str, Any] = reply.body
    return made


def test_words_alone_wait_in_the_queue_of_painting_and_nothing_has_to_warm_up(
    world: World, queue: FakeQueue, client: Client
) -> None:
    made = create(client, samples=2, aspect="widescreen", negative_prompt="rain")
    assert (made["state"], made["seeds"]) == ("queued", [42, 43])
    uri = f"s3://work/generations/{OWNER}/{made['id']}/request.json"
    assert queue.messages == [{"request_uri": uri}]
    assert world.backend.requests == {}
    request: GenerationRequest = document(world, made["id"])
    assert (request.base_model, request.width, request.height) == ("stable-image-ultra", 1344, 768)
    assert [(p.text, p.weight) for p in request.prompts] == [
        ("a hat", 1.0),
        ("nudity, gore", -1.0),
        ("rain", -1.0),
    ]
    saved = read_generation(world.table, OWNER, made["id"])
    assert saved.output_uri == f"s3://work/results/{made['id']}.json"
    assert client.get(f"/generations/{made['id']}").body["state"] == "queued"


def test_its_owner_is_told_who_draws_it_and_no_number_that_means_nothing(client: Client) -> None:
    answer = client.get(f"/generations/{create(client)['id']}").body
    TypeAdapter(ANSWERS["GET /generations/{generation_id}"]).validate_python(answer)
    request = answer["request"]
    assert answer["model"] == "stable-image-ultra"
    assert [request[name] for name in ("cfg_scale", "steps", "sampler")] == [None] * 3


def test_a_subject_is_drawn_by_our_own_endpoint(
    world: World, queue: FakeQueue, client: Client
) -> None:
    subject = ready_subject(world)
    made = create(client, subject_id=subject.id, steps=20, sampler="DDIM")
    assert queue.messages == []
    assert list(world.backend.requests) == [made["id"]]
    assert made["state"] == "warming"
    answer = client.get(f"/generations/{made['id']}").body
    assert (answer["model"], answer["request"]["steps"]) == ("tiny-sd", 20)


def test_a_base_model_of_ours_that_is_named_draws_on_our_endpoint(
    world: World, queue: FakeQueue, client: Client
) -> None:
    made = create(client, model="tiny-sd", steps=20)
    assert (list(world.backend.requests), queue.messages) == ([made["id"]], [])
    assert create(client, model="stable-image-ultra")["model"] == "stable-image-ultra"
    assert len(queue.messages) == 1
    reply = client.post("/generations", {"prompt": "a hat", "model": "sd3.5-large"})
    assert [each["code"] for each in reply.body["errors"]] == ["unknown_model"]


def test_what_the_hosted_model_does_not_take_is_refused_with_a_pointer(
    queue: FakeQueue, client: Client
) -> None:
    reply = client.post("/generations", {"prompt": "a hat", "steps": 20, "sampler": "DDIM"})
    assert (reply.status, reply.code) == (422, "validation_error")
    assert [(each["pointer"], each["code"]) for each in reply.body["errors"]] == [
        ("/steps", "not_offered"),
        ("/sampler", "not_offered"),
    ]
    assert queue.messages == []


def test_its_words_are_screened_and_the_deployments_own_are_not(
    world: World, queue: FakeQueue, client: Client
) -> None:
    reply = client.post("/generations", {"prompt": "a naked man"})
    assert (reply.status, reply.code) == (422, "prompt_rejected")
    assert queue.messages == []
    create(client)
    assert world.text_moderation.seen == ["a hat"]


def test_a_queue_that_does_not_answer_leaves_nothing_behind(
    world: World, queue: FakeQueue, client: Client
) -> None:
    queue.available = False
    assert client.post("/generations", {"prompt": "a hat"}).status == 503
    assert client.get("/generations").body["items"] == []
    assert world.count("active_generations") == 0


def test_the_model_is_listed_with_what_it_accepts() -> None:
    client = Client(build_catalogue(CatalogueRules(hosted())))
    answer = client.get("/models").body
    TypeAdapter(ANSWERS["GET /models"]).validate_python(answer)
    ours, theirs = answer["items"]
    assert (ours["hosted"], theirs["hosted"]) == (False, True)
    assert theirs["id"] == "stable-image-ultra"
    assert theirs["default_negative_prompt"] == "nudity, gore"
    assert theirs["aspects"]["tall"] == {"width": 768, "height": 1344}
    assert "fullscreen" not in theirs["aspects"]
    assert len(theirs["sizes"]) == 9
    assert theirs["bounds"]["steps"] is None
    assert theirs["samplers"] == []


@pytest.mark.parametrize(
    "bedrock",
    [
        {"model": "stability.stable-diffusion-xl-v1", "region": "us-west-2"},
        {"model": ULTRA, "region": "Oregon"},
        {"model": ULTRA},
        {"model": ULTRA, "region": "us-west-2", "concurrency": 1},
    ],
)
def test_a_model_that_cannot_be_invoked_is_no_setting(bedrock: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="subjectless_backend"):
        settings(generation={"subjectless_backend": {"bedrock": bedrock}})
