"""What screening the words of clients needs, as an environment has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack

from infra import access

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from infra.settings import EnvironmentSettings


def allow_screening(role: iam.IRole, settings: EnvironmentSettings) -> None:
    """Let ``role`` ask what ``lambdas.domain.text_screening`` asks, and nothing it does not."""
    translating = ("translate:TranslateText",) if settings.translates_prompts else ()
    access.allow_anywhere(
        role,
        "Comprehend and Translate read text, X-Ray takes traces: none knows a resource",
        "comprehend:BatchDetectDominantLanguage",
        "comprehend:DetectPiiEntities",
        "comprehend:DetectToxicContent",
        *translating,
    )
    if settings.guardrail_id is not None:
        guardrail = Stack.of(role).format_arn(
            service="bedrock", resource="guardrail", resource_name=settings.guardrail_id
        )
        access.allow(role, guardrail, "bedrock:ApplyGuardrail")
