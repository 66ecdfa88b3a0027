"""Who calls, what they may do, and how a child process gets a role's credentials."""

from __future__ import annotations

import contextvars
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from ministack import app as _app
from ministack.core import iam_evaluator, responses, router
from ministack.services import iam as _iam
from ministack.services import sts as _sts

from local_aws import client as _client
from local_aws.seam.errors import AccessDenied, AwsError
from local_aws.settings import ACCOUNT, HOST, REGION, current

_T = TypeVar("_T")
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "OMP_NUM_THREADS", "HF_HUB_OFFLINE")


@dataclass(frozen=True)
class Caller:
    """The authenticated principal behind a request or a role session."""

    access_key_id: str
    arn: str
    account: str = ACCOUNT
    region: str = REGION


@contextmanager
def scope(account: str = ACCOUNT, region: str = REGION) -> Iterator[None]:
    """Pin account and region: the emulator's stores are scoped by them."""
    with responses.request_scope(account, region):
        yield


def in_fresh_scope(account: str, region: str, call: Callable[[], _T]) -> _T:
    """Run `call` scoped, and free of whatever request this thread happens to serve."""

    def scoped() -> _T:
        iam_evaluator.pin_request_origin(HOST, True)  # nothing leaves the machine
        with scope(account, region):
            return call()

    return contextvars.Context().run(scoped)


def caller_of(headers: Mapping[str, str], query: Mapping[str, Any]) -> Caller:
    """The caller of the request being served; the emulator has verified its signature.

    Raises:
        AwsError: the request is not signed at all.
    """
    if not router.extract_access_key_id(headers, query):
        raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    return Caller(
        access_key_id=router.extract_access_key_id(headers, query) or "",
        arn=iam_evaluator.request_caller_arn(dict(headers), dict(query)),
        account=responses.get_account_id(),
        region=responses.get_region(),
    )


def authorize(
    caller: Caller,
    action: str,
    resource_arn: str,
    condition_keys: Mapping[str, Any] | None = None,
) -> None:
    """Check the caller's policies for `action` (`service:Action`) on `resource_arn`.

    Raises:
        AccessDenied: no statement allows it, or one denies it.
        AwsError: the credentials are unknown or expired.
    """
    if not _app.AUTH:
        return
    denied = in_fresh_scope(
        caller.account,
        caller.region,
        lambda: iam_evaluator.enforce(
            caller.access_key_id,
            action,
            action.partition(":")[0],
            caller.region,
            resource_arn=resource_arn,
            service_context=dict(condition_keys or {}),
        ),
    )
    if denied is None:
        return
    if isinstance(denied, iam_evaluator.AuthError):
        raise AwsError(denied.code, denied.message, 403)
    raise AccessDenied(caller.arn, action, resource_arn, explicit=denied.decision == "Deny")


_sessions: dict[tuple[str, str], dict[str, str]] = {}
_sessions_lock = threading.Lock()


def _trusts(role: Mapping[str, Any], service: str) -> bool:
    """Whether the role's trust policy lets the service principal assume it."""
    document = role["AssumeRolePolicyDocument"]
    policy = json.loads(document) if isinstance(document, str) else document
    for statement in policy["Statement"]:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        if statement["Effect"] == "Allow" and service in (
            [services] if isinstance(services, str) else services
        ):
            return True
    return False


def role_session(
    role_arn: str, *, session_name: str = "local-aws", service: str | None = None
) -> dict[str, str]:
    """Credentials of a role as environment variables, for a child process.

    Args:
        role_arn: an existing role.
        session_name: last part of the assumed role's ARN (AWS's is the service's own).
        service: the service principal that assumes it (`sagemaker.amazonaws.com`); its trust
            policy must allow it.

    Raises:
        AwsError: the role does not exist, or does not trust the service.
    """
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ACCOUNT
    name = role_arn.rsplit("/", 1)[-1]
    with scope(account):
        role = _iam._roles.get(name)
        if role is None:
            raise AwsError("ValidationException", f"The role {role_arn} does not exist.")
        if service is not None and not _trusts(role, service):
            raise AwsError(
                "ValidationException",
                f"Could not assume role {role_arn}. Please ensure that the role exists and "
                f"allows principal '{service}' to assume the role.",
            )
    with _sessions_lock:
        found = _sessions.get((role_arn, session_name))
        if found is None:
            secret = secrets.token_hex(32)
            digest = hashlib.sha256(secret.encode()).hexdigest()
            found = {
                "AWS_ACCESS_KEY_ID": f"ASIA{digest[:16].upper()}",
                "AWS_SECRET_ACCESS_KEY": secret,
                "AWS_SESSION_TOKEN": secrets.token_hex(32),
            }
            _sessions[role_arn, session_name] = found
        _sts.register_session(
            found["AWS_ACCESS_KEY_ID"],
            {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
                "UserId": f"{role.get('RoleId', name)}:{session_name}",
                "SecretAccessKey": found["AWS_SECRET_ACCESS_KEY"],
                "SessionToken": found["AWS_SESSION_TOKEN"],
            },
        )
    return dict(found)


def role_caller(
    role_arn: str, *, session_name: str = "local-aws", service: str | None = None
) -> Caller:
    """The role's session as a caller, for `authorize`; errors as `role_session`."""
    keys = role_session(role_arn, session_name=session_name, service=service)
    account = role_arn.split(":")[4] or ACCOUNT
    arn = f"arn:aws:sts::{account}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/{session_name}"
    return Caller(keys["AWS_ACCESS_KEY_ID"], arn, account)


def process_environment(
    role_arn: str, *, session_name: str = "local-aws", service: str | None = None
) -> dict[str, str]:
    """A clean, complete environment for a child process that acts as the role."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    keys = role_session(role_arn, session_name=session_name, service=service)
    return passed_on | _client.environment(current().port) | keys
