"""The cross-tenant matrix in process: all that a handler decides itself, without API Gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.cross_tenant.matrix import (
    Attack,
    Seen,
    Token,
    Victim,
    attempt,
    expected,
    summary,
    table,
)
from benchmarks.cross_tenant.rows import ROWS, Gives, Operation, Row, operations
from lambdas.domain.ids import Prefix, new_id
from tests.unit.lambdas.api.test_generations import ready_subject
from tests.unit.lambdas.gateway import (
    OWNER,
    SOMEONE_ELSE,
    Client,
    FakeContext,
    event,
    server_claims,
    user_claims,
)
from tests.unit.lambdas.whole_api import WholeApi

A_MODERATOR = "0ddba11e-8a0b-4d7e-9d3c-2f6a1b0c9e33"
# Signature, expiry and audience are API Gateway's to check: these reach a handler without claims.
CLAIMS: Mapping[Token, Mapping[str, str]] = {
    Token.NONE: {},
    Token.EXPIRED: {},
    Token.OTHER_POOL: {},
    Token.USER: user_claims(SOMEONE_ELSE),
    Token.MODERATOR: user_claims(A_MODERATOR, **{"cognito:groups": "[moderators]"}),
    Token.OTHER_GROUP: user_claims(A_MODERATOR, **{"cognito:groups": "[visitors]"}),
    Token.READS_ONLY: server_claims(scope="avatar/read"),
    Token.WRITES_ONLY: server_claims(scope="avatar/write"),
}


class Deployment:
    """The API over fakes, with things of the victim's in it."""

    def __init__(self) -> None:
        self.api = WholeApi()
        world, now = self.api.world, self.api.world.clock.now()
        owner = Client(self.api)
        subject = ready_subject(world)
        photo = owner.get(f"/subjects/{subject.id}/photos").body["items"][0]["id"]
        training = owner.get(f"/subjects/{subject.id}/trainings").body["items"][0]["id"]
        slot = {"purpose": "mask_image", "content_type": "image/png", "size_bytes": 9}
        upload = owner.post("/uploads", slot).body["id"]
        words = {"subject_id": subject.id, "prompt": "a <subject> in a hat"}
        generation = owner.post("/generations", words).body["id"]
        self.victim = Victim(
            {
                "subject_id": subject.id,
                "photo_id": photo,
                "upload_id": upload,
                "training_id": training,
                "generation_id": generation,
                "image_id": new_id(Prefix.IMAGE, now),
                "review_id": f"rev_{'0' * 26}",
                "erasure_id": f"era_{'0' * 26}",
            },
            frozenset({subject.id, photo, upload, training, generation, OWNER, "Ada"}),
        )

    def send(self, token: Token, method: str, path: str, body: Any) -> Seen:
        sent = event(method, path, body, claims=CLAIMS[token])
        answer = self.api(sent, FakeContext())
        return Seen(answer["statusCode"], json.dumps([answer["body"], answer["multiValueHeaders"]]))


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


def test_every_route_of_the_description_has_a_row() -> None:
    missing = [each.name for each in operations() if each.name not in ROWS]
    assert not missing, f"say in benchmarks/cross_tenant/rows.py to whom these give what: {missing}"


def test_nobody_gets_at_what_is_not_theirs(deployment: Deployment) -> None:
    records = deployment.api.world.table.partition(f"OWNER#{OWNER}")
    cells = attempt(deployment.send, deployment.victim)
    assert len(cells) == len(operations()) * len(Attack)
    assert all(cell.as_it_must_be for cell in cells), table(cells)
    assert deployment.api.world.table.partition(f"OWNER#{OWNER}") == records


def test_the_owner_would_have_got_all_of_it(deployment: Deployment) -> None:
    """So that a 404 above is a refusal, and not an id that nobody has."""
    owner = Client(deployment.api)
    named = [one for one in operations() if ROWS[one.name].gives is Gives.NAMED]
    for one in named:
        if one.method == "GET":
            assert owner.get(one.path.format(**deployment.victim.ids)).status == 200, one.name


def test_an_api_that_takes_its_callers_word_for_who_they_are_is_found_out(
    deployment: Deployment,
) -> None:
    def gullible(_: Token, method: str, path: str, body: Any) -> Seen:
        answer = deployment.api(event(method, path, body), FakeContext())
        return Seen(answer["statusCode"], json.dumps(answer["body"]))

    cells = attempt(gullible, deployment.victim, [Attack.ANOTHERS_IDS, Attack.NO_TOKEN])
    leaking = {cell.operation.name for cell in cells if cell.leaked}
    assert {"GET /subjects", "GET /subjects/{subject_id}", "GET /generations"} <= leaking
    assert "LEAK" in table(cells)
    assert " 0 leaks" not in summary(cells)


def test_a_leak_shows_although_the_status_is_right() -> None:
    one = Operation("GET", "/subjects/{subject_id}")
    victim = Victim({"subject_id": "sub_1"}, frozenset({"Ada"}))
    (cell,) = attempt(
        lambda *_: Seen(404, "There is no Ada."), victim, [Attack.ANOTHERS_IDS], of=[one]
    )
    assert (cell.status in cell.expected, cell.as_it_must_be) == (True, False)
    assert "**404, LEAK**" in table([cell])
    assert "**200** (not 404)" in table([replace(cell, status=200, leaked=False)])


def test_moderators_routes_are_for_their_group_and_theirs_alone() -> None:
    row = Row(Gives.MODERATORS)
    assert expected(row, Attack.ANOTHERS_IDS) == expected(row, Attack.WRONG_GROUP) == {403}
    assert expected(row, Attack.NO_TOKEN) == {401}
