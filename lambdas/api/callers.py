"""Who calls, from the claims that API Gateway's authoriser verified.

The gateway checked signature, expiry and audience. What it does not check is done here: that the
token is meant for calling (`token_use`), and what a server's token may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdas.api.messages import Caller
from lambdas.api.problems import TransportError
from lambdas.domain.ids import is_owner


def caller_of(event: Mapping[str, Any]) -> Caller:
    """The caller; raises TransportError 401 if the claims do not make one."""
    authorizer = (event.get("requestContext") or {}).get("authorizer") or {}
    claims = authorizer.get("claims") or {}
    if claims.get("token_use") not in {"id", "access"}:
        raise _unknown()
    owner = str(claims.get("sub", ""))
    if not is_owner(owner):
        raise _unknown()
    # Only tokens of users have a user name (Cognito "Understanding the access token").
    is_user = bool(claims.get("username") or claims.get("cognito:username"))
    return Caller(
        owner=owner,
        groups=groups_of(claims.get("cognito:groups")),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        is_user=is_user,
    )


def groups_of(claim: object) -> frozenset[str]:
    """Group names from a list, `a,b`, or `[a b]`: gateways disagree on how to flatten a claim."""
    if isinstance(claim, list | tuple):
        return frozenset(str(group) for group in claim)
    text = str(claim or "").strip("[] ")
    return frozenset(text.replace(",", " ").replace('"', " ").split())


def _unknown() -> TransportError:
    return TransportError(401, "unauthenticated", "Sign in, and send the access token.")
