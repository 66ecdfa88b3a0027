"""Kept answers to POSTs: they repeat what the first answer told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.records import keys

if TYPE_CHECKING:
    from lambdas.events.erasing.run import Run
    from lambdas.table import Item


def answers_about(run: Run, ids: set[str] | None) -> list[Item]:
    """The notes of answers that tell of these things, or of anything; doubtful ones among them."""
    return [
        item
        for item in run.items(keys.IDEMPOTENCY)
        if ids is None or ids & set(item.get("about", ids))
    ]


def forget_answers(run: Run, notes: list[Item]) -> None:
    """The answers, then the notes that lead to them."""
    run.ports.idempotency.forget(item["record"] for item in notes)
    run.delete(notes)
