"""One embedded AWS for all tests of this folder: they keep apart by names of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.testing import EmbeddedAws, embedded_aws

# Powertools reads these when it is imported, as deployment sets them.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "tests")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Avatar")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "1")

ROLE_ARN = "arn:aws:iam::000000000000:role/"


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    with embedded_aws(parts=("tests.local_aws.probe",)) as running:
        yield running


@pytest.fixture
def make_role(aws: EmbeddedAws) -> Callable[..., str]:
    """Make a role: `make_role(name, service, *statements) -> ARN`."""

    def make(name: str, service: str, *statements: dict[str, Any]) -> str:
        iam = aws.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": service, "AWS": "000000000000"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return ROLE_ARN + name

    return make


@pytest.fixture
def as_role(aws: EmbeddedAws) -> Callable[[str, str], Any]:
    """A client with a role's credentials: `as_role(service, role_arn)`."""

    def make(service: str, role_arn: str) -> Any:
        keys = aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")[
            "Credentials"
        ]
        return aws.client(
            service,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return make


def allow(*actions: str, on: str = "*") -> dict[str, Any]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}
