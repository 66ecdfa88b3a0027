"""How accounts stand, in the table: atomic counters that decay because they are read by their age.

A violation is one ADD to the counter of the current window, so none is lost, however many come at
once. Windows have a time to live; a block has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.standing import Standing, forgotten_at, window_of
from lambdas.records import keys
from lambdas.table import NEW, AtLeast, ConditionFailed, Delete, Key, Put, Update, Write

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.settings import ViolationRules
    from lambdas.ports import Table


def read_standing(table: Table, owner: str) -> Standing:
    """How the account stands; one that never did anything wrong has nothing."""
    items = table.query(keys.standing_partition(owner)).items
    windows = [item for item in items if item["sk"].startswith(keys.WINDOWS)]
    block = next((item["since"] for item in items if item["sk"] == keys.BLOCK), None)
    last = max((item["last_at"] for item in windows), default=None)
    return Standing(
        counts={int(w["sk"].removeprefix(keys.WINDOWS)): w["violations"] for w in windows},
        last_at=moments.from_text(last) if last else None,
        blocked_at=moments.from_text(block) if block else None,
    )


def violation(owner: str, now: datetime, rules: ViolationRules, number: int = 1) -> Update:
    """The write that counts violations."""
    window = window_of(now, rules)
    return Update(
        keys.window_key(owner, window),
        add={"violations": number},
        set={
            "last_at": moments.to_text(now),
            "ttl": moments.to_epoch(forgotten_at(window, rules)),
        },
        when=(),
    )


def forgive(table: Table, owner: str, at: datetime, rules: ViolationRules) -> None:
    """What was counted at that moment was no violation; too old to count, there is nothing left."""
    try:
        table.write(
            Update(
                keys.window_key(owner, window_of(at, rules)),
                add={"violations": -1},
                when=(AtLeast("violations", 1),),
            )
        )
    except ConditionFailed:
        return


def blocking(owner: str, now: datetime) -> Put:
    """The write that blocks the account; does not hold if it is blocked."""
    key = keys.block_key(owner)
    return Put({"pk": key.pk, "sk": key.sk, "since": moments.to_text(now)}, when=NEW)


def lifting(table: Table, owner: str) -> list[Write]:
    """The writes that lift the block and let the account begin anew."""
    items = table.query(keys.standing_partition(owner)).items
    return [Delete(Key(item["pk"], item["sk"])) for item in items]
