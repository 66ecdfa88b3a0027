"""What everyone does who notices that an account broke the rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.errors import Forbidden, LimitReached, Refused, Unavailable
from lambdas.domain.text_screening import LANGUAGE, PERSONAL_DATA
from lambdas.records.review_openings import blocked
from lambdas.records.standing import read_standing, violation
from lambdas.table import ConditionFailed

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.settings import ViolationRules
    from lambdas.ports import Table


# Refusals that are nobody's fault: what cannot be read, and what people tell of themselves.
_NO_OFFENCE = frozenset({LANGUAGE, PERSONAL_DATA})


def demand_good_standing(table: Table, owner: str, now: datetime, rules: ViolationRules) -> None:
    """Raise what `Standing.demand_good` raises; the operator sees how often."""
    standing = read_standing(table, owner)
    if standing.is_due(now, rules):
        # It was counted, and whoever counted it did not come to this.
        block_if_due(table, owner, now, rules)
        standing = read_standing(table, owner)
    try:
        standing.demand_good(now, rules)
    except LimitReached:
        telemetry.count("RequestsSlowed")
        raise
    except Forbidden:
        telemetry.count("RequestsBlocked")
        raise


@contextmanager
def counting_refusals(
    table: Table, owner: str, now: datetime, rules: ViolationRules
) -> Iterator[None]:
    """Around the screening of a prompt: what is refused counts."""
    try:
        yield
    except Refused as refusal:
        if refusal.category not in _NO_OFFENCE:
            record_violation(table, owner, now, rules)
        raise


def record_violation(table: Table, owner: str, now: datetime, rules: ViolationRules) -> None:
    """Count it. That it was refused stands either way: counting never fails for its caller."""
    try:
        table.write(violation(owner, now, rules))
        block_if_due(table, owner, now, rules)
    except Unavailable as error:
        telemetry.log_failure("violation_not_counted", error)


def block_if_due(table: Table, owner: str, now: datetime, rules: ViolationRules) -> None:
    """Block the account if it has come to that, and put it before a moderator."""
    if not read_standing(table, owner).is_due(now, rules):
        return
    try:
        table.write(*blocked(table, owner, now))
    except ConditionFailed:
        return  # somebody else did
    telemetry.count("AccountsBlocked")
    telemetry.logger.warning("account_blocked")
