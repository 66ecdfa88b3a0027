"""How long generations took lately: one item for each base model, whose endpoints are equal.

It names nobody. It is read and written without a condition. Two writers at a time may lose one of
many times; a result must never wait for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain.waiting import RecentTimes
from lambdas.records import keys
from lambdas.table import Put

if TYPE_CHECKING:
    from lambdas.ports import Table

# DynamoDB numbers are read back as int or Decimal; milliseconds are whole.
_MS = 1000


def read_times(table: Table, base_model: str) -> RecentTimes:
    """What is remembered."""
    item = table.get(keys.times_key(base_model)) or {}
    return RecentTimes(
        services=tuple(int(value) / _MS for value in item.get("services_ms", ())),
        wakes=tuple(int(value) / _MS for value in item.get("wakes_ms", ())),
    )


def remember(table: Table, base_model: str, *, service_s: float, wake_s: float | None) -> None:
    """Add a generation, and the wake-up that it began with if it did."""
    times = read_times(table, base_model).with_service(service_s)
    if wake_s is not None:
        times = times.with_wake(wake_s)
    key = keys.times_key(base_model)
    table.write(
        Put(
            {
                "pk": key.pk,
                "sk": key.sk,
                "services_ms": [round(seconds * _MS) for seconds in times.services],
                "wakes_ms": [round(seconds * _MS) for seconds in times.wakes],
            }
        )
    )
