"""Which endpoint of a base model draws a new request: by its adapter, and by what each has at hand.

With one endpoint nothing is asked. With several, what they have at hand is read at most every few
seconds in each warm function, which counts what it adds in between. If it cannot be read, each
adapter stays at home: no request fails for it.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.errors import Unavailable
from lambdas.domain.routing import Ring
from lambdas.records.waiting_line import at_hand

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.ports import Clock, Table

# In this time an instance finishes about one request: what is known is wrong by a few at most.
FRESH_FOR = timedelta(seconds=5)


class EndpointChoice:
    """One for each warm function: it remembers."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table, self._clock = table, clock
        self._loads = Counter[str]()
        self._read_at: datetime | None = None

    def choose(self, endpoints: tuple[str, ...], adapter: str | None) -> str:
        """The name of one of them; `adapter`: the training that it came of, if there is one."""
        if len(endpoints) == 1:
            return endpoints[0]
        self._refresh()
        ring = _ring(endpoints)
        chosen = ring.choose(adapter, self._loads) if adapter else ring.choose_any(self._loads)
        self._loads[chosen] += 1
        return chosen

    def _refresh(self) -> None:
        now = self._clock.now()
        if self._read_at is not None and now - self._read_at < FRESH_FOR:
            return
        self._read_at = now  # also after a failure: who cannot answer is not asked at once again
        try:
            self._loads = at_hand(self._table)
        except Unavailable as error:
            self._loads = Counter()
            telemetry.log_failure("loads_unknown", error)


@cache
def _ring(endpoints: tuple[str, ...]) -> Ring:
    return Ring(endpoints)
