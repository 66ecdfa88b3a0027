from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
import requests

from demo.client import ApiError, AvatarClient

if TYPE_CHECKING:
    from tests.e2e.stage import Stage


def test_health_needs_no_token(stage: Stage) -> None:
    answer = requests.get(f"{stage.base_url}/health", timeout=10)
    assert answer.status_code == 200


def test_without_a_token_the_answer_is_a_problem_document(stage: Stage) -> None:
    answer = requests.get(f"{stage.base_url}/me", timeout=10)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["code"]


def tampered(token: str) -> str:
    head, claims, signature = token.split(".")
    padded = claims + "=" * (-len(claims) % 4)
    document = json.loads(base64.urlsafe_b64decode(padded))
    document["sub"] = "someone-else"
    forged = base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
    return f"{head}.{forged}.{signature}"


def unsigned(token: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


@pytest.mark.parametrize("forge", [tampered, unsigned, lambda token: token[:-4], lambda _: "x"])
def test_a_forged_token_answers_401(stage: Stage, alice: AvatarClient, forge: object) -> None:
    assert callable(forge)
    thief = AvatarClient(stage.base_url, forge(alice.token))
    with pytest.raises(ApiError) as refusal:
        thief.get("/subjects")
    assert refusal.value.status == 401


def test_a_server_signs_in_with_client_credentials(stage: Stage) -> None:
    pool, client = stage.outputs.UserPoolId, stage.outputs.ServerClientId
    described = stage.client("cognito-idp").describe_user_pool_client(
        UserPoolId=pool, ClientId=client
    )["UserPoolClient"]
    answer = requests.post(
        f"{stage.backstage.endpoint}/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "scope": " ".join(described["AllowedOAuthScopes"]),
        },
        auth=(client, described["ClientSecret"]),
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    server = AvatarClient(stage.base_url, answer.json()["access_token"])
    assert stage.new_subject(server).startswith("sub_")
