"""A role that screens words may ask exactly the services that its environment has."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from infra.settings import load
from infra.text_screening import allow_screening
from tests.infra.test_settings import changed

COMPREHEND = {
    "comprehend:BatchDetectDominantLanguage",
    "comprehend:DetectPiiEntities",
    "comprehend:DetectToxicContent",
}


def granted(**prompts: Any) -> dict[str, Any]:
    """Action → its resource, for an environment with these settings of prompts."""
    changes = {f"domain__moderation__prompts__{name}": value for name, value in prompts.items()}
    stack = Stack(App(), "Stack")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    allow_screening(role, load(changed("dev", **changes), "dev"))
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    return {
        action: statement["Resource"]
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    }


@pytest.mark.parametrize(
    ("mode", "translating"), [("translate", {"translate:TranslateText"}), ("refuse", set())]
)
def test_who_refuses_other_languages_may_not_translate(mode: str, translating: set[str]) -> None:
    assert set(granted(other_languages=mode)) == COMPREHEND | translating


def test_a_guardrail_may_be_applied_only_where_there_is_one_and_only_that() -> None:
    resource = granted(guardrail={"id": "abc123", "version": "1"})["bedrock:ApplyGuardrail"]
    assert "guardrail/abc123" in str(resource)
    assert "*" not in str(resource)
