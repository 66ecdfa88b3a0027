"""Which base model draws a generation, where there are two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from lambdas.api.generations import build_app
from lambdas.records.generations import read_generation
from tests.unit.lambdas.api.test_generations import BODY, create, document, ready_subject
from tests.unit.lambdas.fakes import FakeGenerationBackend
from tests.unit.lambdas.gateway import OWNER, Client
from tests.unit.lambdas.given import SECOND_BASE, World, settings

FIRST, SECOND = "tiny-sd", SECOND_BASE["id"]


@dataclass
class TwoBases(World):
    """A deployment with an endpoint for each of two base models."""

    backends: dict[str, FakeGenerationBackend] = field(
        default_factory=lambda: {FIRST: FakeGenerationBackend(), SECOND: FakeGenerationBackend()}
    )

    def client(self) -> Client:
        """The API, with the settings as they are now."""
        parts = replace(self.generation_ports(), endpoint_of=self.backends.__getitem__)
        return Client(build_app(parts))

    def asked(self, generation_id: str) -> list[str]:
        """The base models whose endpoints were given that generation."""
        return [base for base, each in self.backends.items() if generation_id in each.requests]


@pytest.fixture
def world() -> TwoBases:
    return TwoBases(settings=settings(SECOND_BASE))


@pytest.mark.parametrize(
    ("named", "drawn_by", "size"),
    [(None, FIRST, (64, 64)), (FIRST, FIRST, (64, 64)), (SECOND, SECOND, (128, 96))],
)
def test_without_a_subject_the_named_base_draws_or_the_default(
    world: TwoBases, named: str | None, drawn_by: str, size: tuple[int, int]
) -> None:
    made = create(world.client(), model=named)
    assert (made["model"], world.asked(made["id"])) == (drawn_by, [drawn_by])
    request = document(world, made["id"])
    assert (request.base_model, (request.width, request.height)) == (drawn_by, size)
    negative = [p.text for p in request.prompts if p.weight < 0]
    assert negative == (["blur"] if drawn_by == SECOND else [])


@pytest.mark.parametrize(
    ("learned_on", "drawn_by"), [(None, FIRST), (FIRST, FIRST), (SECOND, SECOND)]
)
def test_a_subject_is_drawn_by_the_base_that_it_was_learned_on(
    world: TwoBases, learned_on: str | None, drawn_by: str
) -> None:
    subject = ready_subject(world, learned_on)
    client = world.client()
    for named in (None, drawn_by):
        made = create(client, subject_id=subject.id, model=named)
        assert (made["model"], world.asked(made["id"])) == (drawn_by, [drawn_by])
        assert document(world, made["id"]).base_model == drawn_by


@pytest.mark.parametrize(("learned_on", "named"), [(None, SECOND), (SECOND, FIRST)])
def test_a_subject_cannot_be_drawn_by_another_base(
    world: TwoBases, learned_on: str | None, named: str
) -> None:
    subject = ready_subject(world, learned_on)
    reply = world.client().post("/generations", {**BODY, "subject_id": subject.id, "model": named})
    (problem,) = reply.body["errors"]
    assert (reply.status, problem["pointer"], problem["code"]) == (422, "/model", "wrong_model")
    assert f"learned on {learned_on or FIRST}" in problem["detail"]
    assert world.count("active_generations") == 0
    assert not any(each.requests for each in world.backends.values())


def test_a_base_that_is_not_on_offer_is_refused_with_those_that_are(world: TwoBases) -> None:
    reply = world.client().post("/generations", {**BODY, "model": "sd-9"})
    (problem,) = reply.body["errors"]
    assert (problem["pointer"], problem["code"]) == ("/model", "unknown_model")
    assert problem["detail"] == f"must be one of: {FIRST}, {SECOND}"


def test_a_subject_of_a_base_that_was_withdrawn_has_to_be_learned_again(world: TwoBases) -> None:
    subject = ready_subject(world, SECOND)
    world.settings = settings()
    reply = world.client().post("/generations", {**BODY, "subject_id": subject.id})
    assert (reply.status, reply.code) == (409, "model_withdrawn")


def test_whether_a_generation_waits_for_a_machine_is_asked_of_its_own_endpoint(
    world: TwoBases,
) -> None:
    for each in world.backends.values():
        each.instances = 1
    client = world.client()
    made = create(client, model=SECOND)
    world.backends[FIRST].instances = 0
    assert client.get(f"/generations/{made['id']}").body["state"] == "queued"
    world.backends[SECOND].instances = 0
    assert client.get(f"/generations/{made['id']}").body["state"] == "warming"
    assert read_generation(world.table, OWNER, made["id"]).plan.base_model == SECOND


def test_a_generation_whose_base_was_withdrawn_can_still_be_read(world: TwoBases) -> None:
    world.backends[SECOND].instances = 1
    made = create(world.client(), model=SECOND)
    world.settings = settings()
    read = world.client().get(f"/generations/{made['id']}").body
    assert (read["state"], read["model"]) == ("queued", SECOND)
