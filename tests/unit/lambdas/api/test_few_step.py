"""The few-step tier, from what is declared to what the endpoint is told."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.api.catalogue import CatalogueRules
from lambdas.api.catalogue import build_app as build_catalogue
from lambdas.api.generations import build_app
from tests.unit.lambdas.api.test_generations import BODY, create, document
from tests.unit.lambdas.gateway import Client
from tests.unit.lambdas.given import World, settings

OFFER: dict[str, Any] = {
    "steps": {"minimum": 1, "maximum": 8, "default": 4},
    "cfg_scale": {"minimum": 0.0, "maximum": 2.0, "default": 1.0},
}


@pytest.fixture
def world() -> World:
    world = World()
    world.settings = settings(base_model={"few_step": OFFER})
    return world


@pytest.fixture
def client(world: World) -> Client:
    return Client(build_app(world.generation_ports()))


def test_a_model_declares_its_tier_or_that_it_has_none() -> None:
    for offer in (OFFER, None):
        rules = CatalogueRules(settings(base_model={"few_step": offer}))
        (model,) = Client(build_catalogue(rules)).get("/models").body["items"]
        assert model["few_step"] == offer


def test_the_endpoint_is_told(world: World, client: Client) -> None:
    asked = document(world, create(client, quality="few_step")["id"])
    assert (asked.few_step, asked.steps, asked.cfg_scale) == (True, 4, 1.0)
    assert not document(world, create(client)["id"]).few_step


def test_a_request_reads_back_as_one_that_can_be_made_again(client: Client) -> None:
    made = create(client, quality="few_step")
    read = client.get(f"/generations/{made['id']}").body["request"]
    assert (read["quality"], read["sampler"], read["steps"]) == ("few_step", None, 4)
    again = create(client, **read)
    assert client.get(f"/generations/{again['id']}").body["request"] == read


def test_what_the_tier_does_not_take_is_refused_field_by_field(client: Client) -> None:
    body = {**BODY, "quality": "few_step", "steps": 30, "sampler": "DDIM"}
    reply = client.post("/generations", body)
    assert reply.status == 422
    found = {error["pointer"]: error["code"] for error in reply.body["errors"]}
    assert found == {"/steps": "too_large", "/sampler": "contradiction"}
