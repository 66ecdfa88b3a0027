"""The tokens of every kind of attacker, from a running stack, and how they call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import requests

from benchmarks.cross_tenant.matrix import Seen, Token
from demo.identity import Account

if TYPE_CHECKING:
    from demo.backstage import Backstage
    from demo.identity import UserPool

# Cognito's shortest life is five minutes; the embedded one grants shorter ones, so that nobody has
# to wait for long.
_BRIEF_SECONDS = 4
_MODERATORS, _VISITORS = "moderators", "visitors"
_SRP = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


@dataclass(frozen=True)
class Attackers:
    """Everybody who must not get through; a `Send` by its call."""

    base_url: str
    tokens: Mapping[Token, str | None]
    expires_at: float

    def __call__(self, token: Token, method: str, path: str, body: Any) -> Seen:
        """One request; waits first until the token that must have expired has."""
        if token is Token.EXPIRED:
            time.sleep(max(0.0, self.expires_at - time.monotonic()))
        carried = self.tokens[token]
        headers = {"Authorization": f"Bearer {carried}"} if carried else {}
        answer = requests.request(
            method, f"{self.base_url}{path}", json=body, headers=headers, timeout=60
        )
        return Seen(answer.status_code, f"{answer.text}\n{answer.headers}")


def attackers(base_url: str, backstage: Backstage, pool: UserPool) -> Attackers:
    """Sign everybody up and in."""
    cognito = backstage.client("cognito-idp")
    brief = cognito.create_user_pool_client(
        UserPoolId=pool.pool_id,
        ClientName="brief",
        ExplicitAuthFlows=_SRP,
        IdTokenValidity=_BRIEF_SECONDS,
        AccessTokenValidity=_BRIEF_SECONDS,
        TokenValidityUnits={"IdToken": "seconds", "AccessToken": "seconds"},
    )["UserPoolClient"]["ClientId"]
    expired = _sign_in(replace(pool, client_id=brief))
    expires_at = time.monotonic() + _BRIEF_SECONDS + 0.5
    alive = {"Authorization": f"Bearer {expired}"}
    # Or its refusal, once it has expired, would show nothing.
    requests.get(f"{base_url}/me", headers=alive, timeout=60).raise_for_status()
    tokens = {
        Token.NONE: None,
        Token.EXPIRED: expired,
        Token.USER: _sign_in(pool),
        Token.MODERATOR: _sign_in(pool, cognito, _MODERATORS),
        Token.OTHER_GROUP: _sign_in(pool, cognito, _VISITORS),
        Token.OTHER_POOL: _sign_in(_other_pool(cognito, pool)),
        Token.READS_ONLY: _server(backstage, cognito, pool, "read"),
        Token.WRITES_ONLY: _server(backstage, cognito, pool, "write"),
    }
    return Attackers(base_url, tokens, expires_at)


def _sign_in(pool: UserPool, cognito: Any = None, group: str = "") -> str:
    account = Account.invent("mallory")
    pool.sign_up(account)
    if group:
        groups = cognito.list_groups(UserPoolId=pool.pool_id)["Groups"]
        if group not in {each["GroupName"] for each in groups}:
            cognito.create_group(UserPoolId=pool.pool_id, GroupName=group)
        cognito.admin_add_user_to_group(
            UserPoolId=pool.pool_id, Username=account.email, GroupName=group
        )
    return str(pool.sign_in(account)["AccessToken"])


def _other_pool(cognito: Any, pool: UserPool) -> UserPool:
    other = cognito.create_user_pool(
        PoolName="other", UsernameAttributes=["email"], AutoVerifiedAttributes=["email"]
    )["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=other, ClientName="other", ExplicitAuthFlows=_SRP
    )["UserPoolClient"]["ClientId"]
    return replace(pool, pool_id=other, client_id=client)


def _server(backstage: Backstage, cognito: Any, pool: UserPool, scope: str) -> str:
    """A client-credentials token with that scope alone."""
    client = backstage.outputs.ServerClientId
    secret = cognito.describe_user_pool_client(UserPoolId=pool.pool_id, ClientId=client)[
        "UserPoolClient"
    ]["ClientSecret"]
    answer = requests.post(
        f"{backstage.endpoint}/oauth2/token",
        data={"grant_type": "client_credentials", "scope": f"avatar/{scope}"},
        auth=(client, secret),
        timeout=10,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])
