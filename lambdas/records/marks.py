"""Which number stands for which generation: one each, drawn once, whoever comes first.

The number stands in the generation's own item too, so that erasing a generation finds its mark, and
both lapse together.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.errors import Unavailable
from lambdas.domain.marks import NUMBER_BITS, Mark
from lambdas.records import keys
from lambdas.records.keys import HIDDEN
from lambdas.table import NEW, Absent, ConditionFailed, Item, Present, Put, Update

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from lambdas.domain.generation import Generation
    from lambdas.domain.seeds import Draw
    from lambdas.ports import Table

# How often a number is drawn: another delivery may be faster, a number may be taken.
_RACES = 5


def number_of(
    table: Table,
    generation: Generation,
    now: datetime,
    *,
    retention_days: int | None = None,
    draw: Draw = secrets.randbelow,
) -> int:
    """The generation's number, drawn if it has none; raises Unavailable if it is being erased."""
    key = keys.generation_key(generation.owner, generation.id)
    for _ in range(_RACES):
        item = table.get(key)
        if item is None or HIDDEN in item:
            break
        if "mark" in item:
            return int(item["mark"])
        number = draw(1 << NUMBER_BITS)
        mark = keys.mark_key(number)
        record: Item = {
            "pk": mark.pk,
            "sk": mark.sk,
            "number": number,
            "owner": generation.owner,
            "generation_id": generation.id,
            "made_at": moments.to_text(now),
        }
        if retention_days is not None:
            record["ttl"] = moments.to_epoch(now + timedelta(days=retention_days))
        fresh = (Present("pk"), Absent("mark"), Absent(HIDDEN))
        try:
            table.write(Update(key, set={"mark": number}, when=fresh), Put(record, when=NEW))
        except ConditionFailed:
            continue
        return number
    raise Unavailable("records")


def find_mark(table: Table, number: int) -> Mark | None:
    """What a number stands for; None if it was never drawn, or its generation is gone."""
    item = table.get(keys.mark_key(number))
    if item is None:
        return None
    made_at = moments.from_text(item["made_at"])
    return Mark(number, item["owner"], item["generation_id"], made_at)


def marks_of(generations: Iterable[Item]) -> list[Item]:
    """The keys of what their numbers stand for, as items: erasing generations removes them too."""
    numbers = [int(item["mark"]) for item in generations if "mark" in item]
    return [{"pk": key.pk, "sk": key.sk} for key in map(keys.mark_key, numbers)]
