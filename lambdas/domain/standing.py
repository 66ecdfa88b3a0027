"""How an account stands: what it did lately that it should not have.

Violations are counted in windows of one half-life each, and a window counts half as much as the one
after it:

    score = Σ violations(window) · ½^age(window)

From `slow_at` on, every violation is followed by a pause, which doubles with each further one; at
`block_at` the account is blocked until a moderator lifts that. Nothing but numbers is remembered,
and nothing longer than its weight is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdas.domain.errors import Forbidden, LimitReached

if TYPE_CHECKING:
    from lambdas.domain.settings import ViolationRules

# The oldest window that still counts weighs 1/128.
WINDOWS = 8
LONGEST_PAUSE = timedelta(hours=1)


class StandingName(StrEnum):
    """Whether an account may go on."""

    GOOD = "good"
    SLOWED = "slowed"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Standing:
    """`counts`: violations by window; `last_at`: the latest; `blocked_at`: since when."""

    counts: Mapping[int, int] = field(default_factory=dict)
    last_at: datetime | None = None
    blocked_at: datetime | None = None

    def score(self, now: datetime, rules: ViolationRules) -> float:
        """What the violations weigh now."""
        current = window_of(now, rules)
        ages = {window: max(0, current - window) for window in self.counts}
        return sum(
            count * 0.5 ** ages[window]
            for window, count in self.counts.items()
            if ages[window] < WINDOWS
        )

    def is_due(self, now: datetime, rules: ViolationRules) -> bool:
        """Whether it is to be blocked and is not yet."""
        return self.blocked_at is None and self.score(now, rules) >= rules.block_at

    def pause(self, now: datetime, rules: ViolationRules) -> timedelta:
        """How long it has to wait from now on; nothing, if it may go on."""
        beyond = self.score(now, rules) - rules.slow_at
        if self.last_at is None or beyond < 0:
            return timedelta(0)
        whole = min(rules.pause_seconds * 2.0 ** min(beyond, 32), LONGEST_PAUSE.total_seconds())
        return max(timedelta(0), self.last_at + timedelta(seconds=whole) - now)

    def name(self, now: datetime, rules: ViolationRules) -> StandingName:
        """In a word."""
        if self.blocked_at is not None:
            return StandingName.BLOCKED
        return StandingName.SLOWED if self.pause(now, rules) else StandingName.GOOD

    def demand_good(self, now: datetime, rules: ViolationRules) -> None:
        """Raise Forbidden `account_blocked`, or LimitReached `slowed_down` with the pause."""
        if self.blocked_at is not None:
            raise Forbidden(
                "This account is blocked after repeated violations of the rules. If that is "
                "wrong, say why with POST /me/appeal: a moderator will look at it.",
                code="account_blocked",
            )
        pause = self.pause(now, rules)
        if pause:
            raise LimitReached(
                "Several of your requests broke the rules, so that you have to wait a little.",
                code="slowed_down",
                retry_after=int(pause.total_seconds()) + 1,
            )


def window_of(moment: datetime, rules: ViolationRules) -> int:
    """The number of the window that a moment falls into."""
    return int(moment.timestamp() // (rules.half_life_hours * 3600))


def forgotten_at(window: int, rules: ViolationRules) -> datetime:
    """When a window no longer counts."""
    return datetime.fromtimestamp((window + WINDOWS) * rules.half_life_hours * 3600, UTC)
