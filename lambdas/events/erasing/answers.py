"""Kept answers to POSTs: they repeat what the first answer told of.

A note without `about` is doubtful: its request is being answered, or could not be noted, and goes
as if it told of everything. If it gets its `about` meanwhile, another run judges it by that; if its
note is gone when it is answered, the request itself forgets the answer (`lambdas.api.idempotency`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.records import keys
from lambdas.table import Absent, Delete, Key

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
    for note in notes:
        doubtful = () if "about" in note else (Absent("about"),)
        run.table.write(Delete(Key(note["pk"], note["sk"]), when=doubtful))
