"""What owners began today, in the table: one item a day, counted with the write that begins it.

The count is a condition of that write, so that many requests at once get no more than one by one.
The item outlives an erased account, or erasing would be a way around it: it is kept under a digest
of the owner's id, has nothing in it but numbers, and has a time to live.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.errors import LimitReached, Unavailable
from lambdas.domain.quota import Metered, day_of, resets_at
from lambdas.records import keys
from lambdas.table import EXISTING, AtMost, ConditionFailed, Update

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambdas.domain.settings import DailyQuotas
    from lambdas.ports import Table

# Past its day nobody asks for it; DynamoDB deletes it within days of that.
_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Spending:
    """What a request would use of its owner's day."""

    owner: str
    amounts: Mapping[Metered, int]
    quotas: DailyQuotas
    now: datetime

    @property
    def write(self) -> Update:
        """Counts it; holds only while each quota has room for it."""
        return Update(
            keys.usage_key(self.owner, day_of(self.now)),
            add={metered.value: number for metered, number in self.amounts.items()},
            set={"ttl": moments.to_epoch(resets_at(self.now) + _KEPT)},
            when=tuple(
                AtMost(metered, self.quotas.of(metered) - number)
                for metered, number in self.amounts.items()
            ),
        )

    def refusal(self, table: Table) -> LimitReached | None:
        """The error to raise after `write` did not hold; None if it would by now."""
        used = read_usage(table, self.owner, self.now)
        for metered, number in self.amounts.items():
            limit = self.quotas.of(metered)
            if used[metered] + number > limit:
                return self._reached(metered, used[metered], limit)
        return None

    def give_back(self, table: Table) -> None:
        """It came to nothing, and not by its owner's doing; if this fails, they have the less."""
        key = keys.usage_key(self.owner, day_of(self.now))
        back = {metered.value: -number for metered, number in self.amounts.items()}
        with contextlib.suppress(ConditionFailed, Unavailable):
            table.write(Update(key, add=back, when=EXISTING))

    def _reached(self, metered: Metered, used: int, limit: int) -> LimitReached:
        anew = resets_at(self.now)
        return LimitReached(
            f"You have used {used} of {limit} {metered.value} for today. "
            f"The next day begins at {moments.to_text(anew)}.",
            code="daily_quota_reached",
            retry_after=math.ceil((anew - self.now).total_seconds()),
        )


def spend(table: Table, spending: Spending) -> None:
    """Count it by itself, before something that costs; raises LimitReached."""
    try:
        table.write(spending.write)
    except ConditionFailed as failed:
        raise spending.refusal(table) or failed from failed


def read_usage(table: Table, owner: str, now: datetime) -> dict[Metered, int]:
    """How much of everything the owner used today."""
    item = table.get(keys.usage_key(owner, day_of(now))) or {}
    return {metered: int(item.get(metered.value, 0)) for metered in Metered}
