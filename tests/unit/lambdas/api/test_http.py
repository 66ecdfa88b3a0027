"""The frame around every route, with routes that exist only here."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from lambdas.api.http import Api, page_of
from lambdas.api.messages import Answer, Body, Request, accepted, created, gone, ok
from lambdas.domain.errors import Conflict, LimitReached, Refused, Unavailable
from lambdas.domain.ids import Prefix, new_id
from tests.unit.lambdas.fakes import START
from tests.unit.lambdas.gateway import OWNER, Client, FakeContext, event, server_claims, user_claims


class Part(Body):
    size: int = Field(ge=1, le=9)


class Thing(Body):
    name: str = Field(min_length=1, max_length=5)
    share: float = 1
    parts: tuple[Part, ...] = Field(default=(), max_length=2)
    word: str = "fine"

    @field_validator("word")
    @classmethod
    def _fine(cls, word: str) -> str:
        if word != "fine":
            raise PydanticCustomError("not_fine", "must be fine")
        return word


def _api() -> Api:
    api = Api()

    @api.post("/things", body=Thing, status=201)
    def create(request: Request[Thing]) -> Answer:
        return created("/things/1", {"name": request.body.name, "owner": request.owner})

    @api.post("/things/{thing_id}/start", status=202)
    def start(request: Request[None]) -> Answer:
        return accepted(f"/things/{request.path['thing_id']}")

    @api.get("/things")
    def things(request: Request[None]) -> Answer:
        position = request.page.position or {"pk": "a", "sk": "0"}
        after = {**position, "sk": str(int(position["sk"]) + request.page.limit)}
        return page_of(request, "/things", [dict(position)], after)

    @api.get("/things/{thing_id}")
    def read(request: Request[None]) -> Answer:
        return ok({"id": request.id("thing_id", Prefix.SUBJECT)})

    @api.delete("/things/{thing_id}", status=204)
    def delete(request: Request[None]) -> Answer:
        return gone()

    @api.get("/health", public=True)
    def health(request: Request[None]) -> Answer:
        return ok({"owner": request.owner})

    @api.get("/broken/{how}")
    def broken(request: Request[None]) -> Answer:
        raise {
            "conflict": Conflict("No.", code="not_now"),
            "limit": LimitReached("Too much.", retry_after=30),
            "refused": Refused("VIOLENCE"),
            "unavailable": Unavailable("records", retry_after=7),
            "bug": RuntimeError("secret: alice@example.com"),
        }[request.path["how"]]

    return api


@pytest.fixture
def api() -> Client:
    return Client(_api())


def test_a_body_becomes_a_model_and_an_answer_a_response(api: Client) -> None:
    reply = api.post("/things", {"name": "ada"})
    assert reply.status == 201
    assert reply.body == {"name": "ada", "owner": OWNER}
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["X-Request-Id"] == "req-1"


def test_a_location_lies_below_whatever_the_caller_called(api: Client) -> None:
    assert api.post("/things", {"name": "ada"}).headers["Location"] == "/v1/things/1"
    called = event("POST", "/things", {"name": "ada"})
    called["requestContext"]["path"] = "/avatars/things"
    response = api.handler(called, FakeContext())
    assert response["multiValueHeaders"]["Location"] == ["/avatars/things/1"]


def test_the_version_may_be_part_of_the_path(api: Client) -> None:
    assert api.post("/v1/things/1/start").status == 202


def test_a_deletion_answers_without_a_body(api: Client) -> None:
    reply = api.delete("/things/1")
    assert (reply.status, reply.body) == (204, None)


def test_every_wrong_field_is_named_with_a_pointer_and_a_code(api: Client) -> None:
    body = {
        "name": "toolong",
        "share": "1",
        "parts": [{"size": 0}, {"size": 10, "a/b~c": 1}],
        "word": "bad",
        "extra": True,
    }
    reply = api.post("/things", body)
    assert reply.status == 422
    assert reply.code == "validation_error"
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert {(e["pointer"], e["code"]) for e in reply.body["errors"]} == {
        ("/name", "too_long"),
        ("/share", "wrong_type"),
        ("/parts/0/size", "too_small"),
        ("/parts/1/size", "too_large"),
        ("/parts/1/a~1b~0c", "unknown_field"),
        ("/word", "not_fine"),
        ("/extra", "unknown_field"),
    }
    assert "toolong" not in json.dumps(reply.body)


@pytest.mark.parametrize("raw", ["{", "nonsense", '{"name": "a"', "[" * 5000])
def test_what_is_not_json_is_refused(api: Client, raw: str) -> None:
    reply = api.call("POST", "/things", raw=raw)
    assert (reply.status, reply.code) == (400, "malformed_json")


@pytest.mark.parametrize("raw", ["[]", "3", "null", '"text"'])
def test_json_that_is_no_object_is_a_validation_error(api: Client, raw: str) -> None:
    assert api.call("POST", "/things", raw=raw).status == 422


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(api: Client, number: str) -> None:
    reply = api.call("POST", "/things", raw=f'{{"name": "a", "share": {number}}}')
    assert reply.status == 422


def test_a_missing_body_is_an_empty_object(api: Client) -> None:
    reply = api.call("POST", "/things")
    assert [e["code"] for e in reply.body["errors"]] == ["required"]


def test_a_body_that_is_too_large_is_not_read(api: Client) -> None:
    reply = api.post("/things", {"name": "x" * 70_000})
    assert (reply.status, reply.code) == (413, "body_too_large")


def test_only_json_is_taken(api: Client) -> None:
    headers = {"Content-Type": "text/xml"}
    reply = api.call("POST", "/things", raw="<a/>", headers=headers)
    assert (reply.status, reply.code) == (415, "unsupported_media_type")
    headers = {"content-type": "application/json; charset=utf-8"}
    called = event("POST", "/things", {"name": "a"})
    called["headers"] = headers
    assert api.handler(called, FakeContext())["statusCode"] == 201


def test_a_body_may_come_as_base64(api: Client) -> None:
    called = event("POST", "/things", {"name": "a"})
    called["isBase64Encoded"] = True
    called["body"] = base64.b64encode(called["body"].encode()).decode()
    assert api.handler(called, FakeContext())["statusCode"] == 201
    called["body"] = "***"
    response = api.handler(called, FakeContext())
    assert json.loads(response["body"])["code"] == "malformed_body"


def test_text_that_is_not_unicode_is_refused(api: Client) -> None:
    assert api.call("POST", "/things", raw='{"name": "\ud800"}').status == 400


@pytest.mark.parametrize(
    ("how", "status", "code", "retry_after"),
    [
        ("conflict", 409, "not_now", None),
        ("limit", 429, "limit_reached", "30"),
        ("refused", 422, "prompt_rejected", None),
        ("unavailable", 503, "unavailable", "7"),
    ],
)
def test_the_domain_s_no_is_a_problem(
    api: Client, how: str, status: int, code: str, retry_after: str | None
) -> None:
    reply = api.get(f"/broken/{how}")
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers.get("Retry-After") == retry_after
    assert reply.body["request_id"] == "req-1"
    assert reply.body.get("category") == ("VIOLENCE" if how == "refused" else None)


def test_our_own_mistakes_tell_nothing(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    reply = api.get("/broken/bug")
    assert (reply.status, reply.code) == (500, "internal_error")
    assert "alice" not in json.dumps(reply.body)
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert "RuntimeError" in logged
    assert "alice" not in logged


def test_no_exception_ever_leaves(api: Client) -> None:
    response = api.handler({"httpMethod": None, "path": None, "requestContext": None}, None)
    assert response["statusCode"] in {404, 500}
    assert "application/problem+json" in json.dumps(response)


def test_an_unknown_operation_is_a_problem_too(api: Client) -> None:
    reply = api.get("/nothing")
    assert (reply.status, reply.code) == (404, "no_such_operation")


def test_an_id_of_another_shape_is_simply_not_found(api: Client) -> None:
    right = new_id(Prefix.SUBJECT, START)
    assert api.get(f"/things/{right}").status == 200
    assert api.get(f"/things/{new_id(Prefix.PHOTO, START)}").code == "not_found"
    assert api.get("/things/..%2f").code == "not_found"


def test_every_answer_carries_the_security_headers(api: Client) -> None:
    for reply in (api.get("/things"), api.get("/broken/bug"), api.get("/nothing")):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": OWNER},
        {"sub": OWNER, "token_use": "refresh"},
        {"sub": "../x", "token_use": "access"},
        {"token_use": "id"},
    ],
)
def test_claims_that_make_no_caller_are_refused(api: Client, claims: dict[str, str]) -> None:
    reply = api.get("/things", claims=claims)
    assert (reply.status, reply.code) == (401, "unauthenticated")


def test_a_public_route_asks_for_nobody(api: Client) -> None:
    assert api.get("/health", claims={}).status == 200


def test_an_id_token_is_a_user_too(api: Client) -> None:
    claims = {"sub": OWNER, "token_use": "id", "cognito:username": "x"}
    assert api.post("/things", {"name": "a"}, claims=claims).status == 201


def test_a_server_may_do_what_its_scopes_say(api: Client) -> None:
    reader = server_claims(scope="avatar/read")
    assert api.get("/things", claims=reader).status == 200
    reply = api.post("/things", {"name": "a"}, claims=reader)
    assert (reply.status, reply.code) == (403, "scope_missing")
    assert api.post("/things", {"name": "a"}, claims=server_claims()).status == 201


def test_a_list_goes_on_where_its_cursor_says(api: Client) -> None:
    first = api.get("/things", query={"limit": "7"})
    assert first.body["items"] == [{"pk": "a", "sk": "0"}]
    second = api.get("/things", query={"cursor": first.body["next_cursor"]})
    assert second.body["items"] == [{"pk": "a", "sk": "7"}]


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1", "1.5", "", "²", "9" * 5000])
def test_a_limit_is_a_number_in_bounds(api: Client, limit: str) -> None:
    reply = api.get("/things", query={"limit": limit})
    assert reply.status == 422
    assert reply.body["errors"][0]["pointer"] == "?limit"


def test_a_cursor_of_someone_else_or_altered_is_refused(api: Client) -> None:
    cursor = api.get("/things").body["next_cursor"]
    altered = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
    nested = base64.urlsafe_b64encode(b"[" * 2000).decode()
    for bad in (altered, cursor[:-4], "x", "%%%", "é", nested):
        reply = api.get("/things", query={"cursor": bad})
        assert (reply.status, reply.code) == (422, "invalid_cursor")
    other = api.as_someone_else().get("/things", query={"cursor": cursor})
    assert other.code == "invalid_cursor"


def test_groups_are_read_however_the_gateway_flattens_them() -> None:
    from lambdas.api.callers import caller_of

    for claim in ("[moderators editors]", "moderators,editors", '["moderators", "editors"]'):
        called = event("GET", "/", claims=user_claims(**{"cognito:groups": claim}))
        assert caller_of(called).groups == {"moderators", "editors"}
    lists: dict[str, Any] = event("GET", "/")
    lists["requestContext"]["authorizer"]["claims"]["cognito:groups"] = ["moderators"]
    assert caller_of(lists).groups == {"moderators"}
    assert caller_of(event("GET", "/")).groups == frozenset()
