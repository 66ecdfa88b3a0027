"""The description of the API is committed, complete, and true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import TypeAdapter

from infra.routes import ROUTES, Access
from lambdas.api import catalogue, subjects, trainings
from lambdas.api.generations import build_app as build_generations
from lambdas.api.subject_ports import SubjectPorts
from lambdas.domain.generation import FinishReason
from lambdas.openapi.answers.common import Problem
from lambdas.openapi.document import describe
from lambdas.openapi.operations import ANSWERS, OTHER_SHAPES
from lambdas.openapi.routes import all_routes
from tests.unit.lambdas.api.review_world import GREEN, RED, ReviewWorld, image_path
from tests.unit.lambdas.api.test_generations import finish
from tests.unit.lambdas.fakes import FakeObjectStore
from tests.unit.lambdas.gateway import Client, Reply
from tests.unit.lambdas.given import World

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(all_routes())


def test_the_committed_description_is_that_of_the_code(document: dict[str, Any]) -> None:
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(document)), (
        "run: python -m lambdas.openapi > docs/openapi.json"
    )


def test_what_is_deployed_is_what_is_described() -> None:
    described = {(route.method, route.path, route.public) for route in all_routes()}
    deployed = {(r.method, r.path, r.access is Access.PUBLIC) for r in ROUTES}
    assert described == deployed


def test_every_operation_has_a_name_a_summary_and_an_answer(document: dict[str, Any]) -> None:
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] for operation in operations)
    assert set(ANSWERS) == {route.name for route in all_routes()}


def test_the_schemas_are_valid_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert referred <= set(schemas)


def test_a_client_learns_what_to_hide_and_what_it_may_choose(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["CreateGeneration"]["properties"]
    assert fields["cfg_scale"]["x-advanced"]
    assert "x-advanced" not in fields["aspect"]
    assert fields["upscale"]["enum"] == [2, 4, True, False, None]
    assert len(fields["style_preset"]["enum"]) == 19


class Witness(Client):
    """A client that holds every answer to the description."""

    def call(self, method: str, path: str, body: object = None, **more: Any) -> Reply:
        reply = super().call(method, path, body, **more)
        plain = re.sub(
            r"/(sub|pho|upl|trn|gen|img|rev)_\w+",
            lambda found: {
                "sub": "/{subject_id}",
                "pho": "/{photo_id}",
                "upl": "/{upload_id}",
                "trn": "/{training_id}",
                "gen": "/{generation_id}",
                "img": "/{image_id}",
                "rev": "/{review_id}",
            }[found[1]],
            path,
        )
        model: Any = Problem
        if reply.status < 400:
            name = f"{method} {plain}"
            model = OTHER_SHAPES.get(name, {}).get(reply.headers["Content-Type"], ANSWERS[name])
        TypeAdapter(model).validate_python(reply.body)
        return reply


def test_every_answer_of_a_whole_journey_is_as_described() -> None:
    world = World()
    subject_api = Witness(
        subjects.build_app(
            SubjectPorts(
                settings=world.settings,
                table=world.table,
                uploads=world.uploads,
                photos=FakeObjectStore("photos"),
                work=world.work,
                erasures=world.erasure,
                clock=world.clock,
                persistence=lambda: world.persistence,
                screening=world.screening,
            )
        )
    )
    training_api = Witness(
        trainings.build_app(
            trainings.TrainingPorts(
                table=world.table,
                clock=world.clock,
                persistence=lambda: world.persistence,
                runner=world.runner,
                work=world.work,
                settings=world.settings,
            )
        )
    )
    generation_api = Witness(build_generations(world.generation_ports()))
    catalogue_api = Witness(catalogue.build_app(catalogue.CatalogueRules(world.settings)))
    for path in ("/health", "/styles", "/models"):
        assert catalogue_api.get(path).status == 200
    consent = {"statement": "mine", "accepted": True}
    made = subject_api.post("/subjects", {"name": "A", "kind": "person", "consent": consent})
    slots = {"photos": [{"content_type": "image/jpeg", "size_bytes": 10}]}
    photo = subject_api.post(f"/subjects/{made.body['id']}/photos", slots).body["photos"][0]
    subject_api.get(f"/subjects/{made.body['id']}/photos/{photo['id']}")
    subject_api.delete(f"/subjects/{made.body['id']}/photos/{photo['id']}")
    slot = {"purpose": "mask_image", "content_type": "image/png", "size_bytes": 10}
    upload = subject_api.post("/uploads", slot).body["id"]
    for path in ("/uploads", f"/uploads/{upload}"):
        assert subject_api.get(path).status == 200
    subject_api.delete(f"/uploads/{upload}")
    subject_api.patch(f"/subjects/{made.body['id']}", {"name": "B"})
    subject_api.delete(f"/subjects/{made.body['id']}")
    subject = world.subject()
    for path in ("/subjects", f"/subjects/{subject.id}", f"/subjects/{subject.id}/photos", "/me"):
        assert subject_api.get(path).status == 200
    training = training_api.post(f"/subjects/{subject.id}/trainings").body["id"]
    assert training_api.post(f"/subjects/{subject.id}/trainings").status == 409
    for path in (f"/trainings/{training}", f"/subjects/{subject.id}/trainings"):
        assert training_api.get(path).status == 200
    assert training_api.post(f"/trainings/{training}/cancel").status == 200
    assert generation_api.post("/generations", {"steps": 1}).status == 422
    assert generation_api.post("/generations", {"prompt": "naked"}).body["category"]
    first = generation_api.post("/generations", {"prompt": "a <subject>", "cfg_scale": 20}).body
    assert len(first["warnings"]) == 2
    finish(world, first["id"], FinishReason.SUCCESS)
    world.clock.advance(seconds=1)
    second = generation_api.post("/generations", {"prompt": "a hat"}).body["id"]
    for path in ("/generations", f"/generations/{first['id']}", f"/generations/{second}"):
        assert generation_api.get(path).status == 200
    for shape in ("stability", "jumpstart"):
        accept = {"Accept": f"application/vnd.{shape}+json"}
        assert generation_api.get(f"/generations/{first['id']}", headers=accept).status == 200
    assert generation_api.post(f"/generations/{second}/cancel").status == 200
    assert generation_api.delete(f"/generations/{second}").status == 202
    assert subject_api.delete("/me").status == 202
    assert subject_api.get("/nowhere").status == 404


def test_every_answer_about_reviews_is_as_described() -> None:
    world = ReviewWorld()
    moderator = Witness(world.moderator.handler, world.moderator.claims)
    user = Witness(world.user.handler)
    generation = world.judged(RED, GREEN)
    assert user.post(f"{image_path(generation, 0)}/appeal", {"note": "mine"}).status == 202
    assert user.post(f"{image_path(generation, 1)}/report", {"reason": "hate"}).status == 202
    for review in moderator.get("/reviews").body["items"]:
        assert moderator.get(f"/reviews/{review['id']}").body["preview"]
        path = f"/reviews/{review['id']}/decision"
        assert moderator.post(path, {"decision": "ban", "note": "seen"}).status == 200
        assert moderator.post(path, {"decision": "release"}).status == 409
    assert Witness(world.account.handler).post("/me/appeal", {"note": "why"}).status == 202
    (block,) = moderator.get("/reviews").body["items"]
    assert moderator.get(f"/reviews/{block['id']}").body["preview"] is None
    assert len(moderator.get("/reviews/audit").body["items"]) == 2
