"""Has the words of a plan screened, and says no where they must not become a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.errors import Refused
from lambdas.domain.prompt_screening import batches, category_above, rule_against
from lambdas.screening import fail_closed

if TYPE_CHECKING:
    from lambdas.domain.generation_plan import GenerationPlan
    from lambdas.ports import TextModeration


def demand_allowed(
    plan: GenerationPlan,
    moderation: TextModeration,
    threshold: float,
    *,
    class_noun: str | None = None,
) -> None:
    """Raise Refused with a category; Unavailable, without which nothing may be accepted.

    `class_noun`: the subject's. The endpoint puts it into every prompt, and its owner chose it.
    """
    texts = plan.attracting_texts + ((class_noun,) if class_noun else ())
    category = rule_against(texts) or _toxic(texts, moderation, threshold)
    if category is not None:
        telemetry.count("PromptsRefused")
        telemetry.logger.info("prompt_refused", extra={"category": category})
        raise Refused(category)


def _toxic(texts: tuple[str, ...], moderation: TextModeration, threshold: float) -> str | None:
    with fail_closed():
        for batch in batches(texts):
            category = category_above(moderation.toxicity(batch), threshold)
            if category is not None:
                return category
    return None
