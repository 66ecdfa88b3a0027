"""Has a client's words screened, and lets the operator see how often they are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.errors import Refused
from lambdas.screening import fail_closed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.domain.subject import SubjectKind
    from lambdas.domain.text_screening import ClientText, TextScreening


def demand_allowed(
    screening: TextScreening, texts: Sequence[ClientText], *, kind: SubjectKind | None = None
) -> None:
    """Raise what `TextScreening.demand_allowed` raises; log the category, never a word."""
    try:
        with fail_closed():
            screening.demand_allowed(texts, kind=kind)
    except Refused as refusal:
        telemetry.count("PromptsRefused")
        telemetry.logger.info(refusal.code, extra={"category": refusal.category})
        raise
