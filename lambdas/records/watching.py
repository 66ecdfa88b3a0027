"""What has been in one state since before a moment: how the reconciler finds what got lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.records import keys
from lambdas.table import Index

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.ports import Table
    from lambdas.table import Item

# Per state and visit. What is left over waits for the next one: the oldest come first.
MAX_ITEMS = 500


def in_state_since(table: Table, entity: str, state: str, before: datetime) -> Iterator[Item]:
    """Items of `entity` (PHOTO, UPLOAD, TRAINING, …) in a state, the oldest first.

    The index is eventually consistent: whoever changes an item must do so conditionally.
    """
    yield from due_since(table, keys.state_partition(entity, state), before)


def due_since(table: Table, partition: str, before: datetime) -> Iterator[Item]:
    """Items of a partition of `by_state` whose time is up, the longest ago first."""
    up_to = moments.to_text(before)
    found, after = 0, None
    while found < MAX_ITEMS:
        page = table.query(partition, up_to=up_to, index=Index.BY_STATE, after=after)
        yield from page.items
        found += len(page.items)
        after = page.next
        if after is None:
            return
