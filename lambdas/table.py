"""The language in which records are read and written: keys, conditions, writes.

A small subset of DynamoDB, as data instead of expression strings, so that a fake can obey it too
and every conditional write reads like the rule that it guards:

    table.write(
        Update(photo_key, set={"state": "checking"}, when=(Is("state", "awaiting_upload"),)),
        Update(subject_key, add={"checking": 1}, when=(Is("state", *LIVE),)),
    )
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lambdas.domain.errors import Conflict, FieldError, Invalid

# Attribute values: str, int, float, bool, None, list, dict. Never bytes, never sets.
Item = dict[str, Any]


@dataclass(frozen=True)
class Key:
    """The primary key of an item."""

    pk: str
    sk: str


class Index(StrEnum):
    """The secondary indexes; an item is in one if it has that index's two key attributes."""

    BY_OWNER = "by_owner"
    BY_STATE = "by_state"


# index → its partition and sort key attributes
INDEX_KEYS = {
    None: ("pk", "sk"),
    Index.BY_OWNER: ("gsi1pk", "gsi1sk"),
    Index.BY_STATE: ("gsi2pk", "gsi2sk"),
}


@dataclass(frozen=True)
class Is:
    """The attribute exists and has one of these values."""

    name: str
    values: tuple[str | int | bool, ...]

    def __init__(self, name: str, *values: str | int | bool) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Absent:
    """The attribute does not exist. `Absent("pk")`: neither does the item."""

    name: str


@dataclass(frozen=True)
class Present:
    """The attribute exists. `Present("pk")`: so does the item."""

    name: str


@dataclass(frozen=True)
class AtMost:
    """The number does not exceed `bound`; an absent attribute counts as zero."""

    name: str
    bound: int


@dataclass(frozen=True)
class AtLeast:
    """The number exists and is not below `bound`."""

    name: str
    bound: int


@dataclass(frozen=True)
class Before:
    """The text exists and sorts before `bound`: a moment that has passed."""

    name: str
    bound: str


Condition = Is | Absent | Present | AtMost | AtLeast | Before

NEW = (Absent("pk"),)
EXISTING = (Present("pk"),)


@dataclass(frozen=True)
class Put:
    """Write the whole item (it carries pk and sk)."""

    item: Item
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Update:
    """Change attributes; creates the item if it is absent and `when` allows that.

    Raises ValueError where it changes nothing: DynamoDB refuses an empty update, and a `Check` says
    what is meant.
    """

    key: Key
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    when: tuple[Condition, ...] = EXISTING

    def __post_init__(self) -> None:
        if not (self.set or self.add or self.remove):
            raise ValueError("an update that changes nothing")


@dataclass(frozen=True)
class Delete:
    """Delete the item, present or not."""

    key: Key
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Check:
    """Change nothing, but demand this of another item."""

    key: Key
    when: tuple[Condition, ...]


@dataclass(frozen=True)
class Append:
    """Write a new entry into the audit log, which is a table of its own; never replaces one."""

    item: Item

    @property
    def when(self) -> tuple[Condition, ...]:
        """The entry is new."""
        return NEW


Write = Put | Update | Delete | Check | Append


@dataclass(frozen=True)
class Page:
    """Items in order; `next` continues after them, None at the end."""

    items: tuple[Item, ...]
    next: Mapping[str, str] | None


class ConditionFailed(Conflict):
    """Conditions did not hold: `failed` are the positions of their writes in the call."""

    def __init__(self, failed: tuple[int, ...] = (0,)) -> None:
        super().__init__("This has changed meanwhile; read it again.")
        self.failed = failed


class InvalidPosition(Invalid):
    """A position that no page ever ended at."""

    def __init__(self) -> None:
        super().__init__(
            [FieldError("?cursor", "This cursor is not one that a list gave.", "invalid_cursor")],
            code="invalid_cursor",
        )
