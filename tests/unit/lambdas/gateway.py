"""Events as API Gateway's REST proxy sends them, and a client that calls an `Api` with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

OWNER = "5f0c1f64-8a0b-4d7e-9d3c-2f6a1b0c9e11"
SOMEONE_ELSE = "c0ffee00-8a0b-4d7e-9d3c-2f6a1b0c9e22"


class FakeContext:
    """What Lambda tells a function about its invocation."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:function"
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


def user_claims(owner: str = OWNER, **more: str) -> dict[str, str]:
    """The claims of a signed-in user's access token."""
    return {
        "sub": owner,
        "token_use": "access",
        "username": owner,
        "scope": "aws.cognito.signin.user.admin",
        **more,
    }


def server_claims(
    client: str = "7k2m9server", scope: str = "avatar/read avatar/write"
) -> dict[str, str]:
    """The claims of a client-credentials token."""
    return {"sub": client, "client_id": client, "token_use": "access", "scope": scope}


def event(
    method: str,
    path: str,
    body: object = None,
    *,
    claims: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    raw: str | None = None,
) -> dict[str, Any]:
    """One request; `raw` is a body that is sent as it is."""
    text = raw if raw is not None else (None if body is None else json.dumps(body))
    sent = {"Content-Type": "application/json", **(headers or {})} if text else dict(headers or {})
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent or None,
        "multiValueHeaders": {name: [value] for name, value in sent.items()} or None,
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {n: [v] for n, v in (query or {}).items()} or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "requestId": "req-1",
            "stage": "v1",
            "path": f"/v1{path}",
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1"},
            "authorizer": {"claims": dict(user_claims() if claims is None else claims)},
        },
        "body": text,
        "isBase64Encoded": False,
    }


@dataclass(frozen=True)
class Reply:
    """A response, with its body read."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body["code"])


@dataclass
class Client:
    """Calls a handler as one caller."""

    handler: Callable[[dict[str, Any], Any], dict[str, Any]]
    claims: Mapping[str, str] = field(default_factory=user_claims)

    def call(self, method: str, path: str, body: object = None, **more: Any) -> Reply:
        more.setdefault("claims", self.claims)
        response = self.handler(event(method, path, body, **more), FakeContext())
        headers = {name: values[0] for name, values in response["multiValueHeaders"].items()}
        text = response["body"]
        return Reply(response["statusCode"], headers, json.loads(text) if text else None)

    def get(self, path: str, **more: Any) -> Reply:
        return self.call("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> Reply:
        return self.call("POST", path, {} if body is None else body, **more)

    def patch(self, path: str, body: object, **more: Any) -> Reply:
        return self.call("PATCH", path, body, **more)

    def delete(self, path: str, **more: Any) -> Reply:
        return self.call("DELETE", path, **more)

    def as_someone_else(self) -> Client:
        """Another user of the same API."""
        return Client(self.handler, user_claims(SOMEONE_ELSE))
