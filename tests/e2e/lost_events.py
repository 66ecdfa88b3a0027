"""Losing events, and the visit of the reconciler that finds what was lost."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.stage import Stage


def reconcile(stage: Stage) -> None:
    """One visit, now."""
    answer = stage.client("lambda").invoke(
        FunctionName=stage.function("events.reconciler"), Payload=b"{}"
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


@contextmanager
def without_upload_events(stage: Stage) -> Iterator[None]:
    """Nobody hears of uploads made in the block."""
    with _without_rules(stage, lambda rule: "Object Created" in str(rule)):
        yield


@contextmanager
def without_schedules(stage: Stage) -> Iterator[None]:
    """Nothing happens by the clock in the block: the reconciler comes only when called."""
    with _without_rules(stage, lambda rule: bool(rule.get("ScheduleExpression"))):
        yield


@contextmanager
def _without_rules(stage: Stage, wanted: Callable[[dict[str, object]], bool]) -> Iterator[None]:
    events = stage.client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"] if wanted(rule)]
    for rule in rules:
        events.disable_rule(Name=rule)
    try:
        yield
    finally:
        for rule in rules:
            events.enable_rule(Name=rule)
