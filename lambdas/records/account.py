"""An owner's account: how much of everything there is, and whether it is being erased.

The counters change in the same transaction as what they count, so they never drift. Every creation
goes through one of these writes, and none passes once `erasing_since` is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.errors import Conflict, LimitReached, Unavailable
from lambdas.records import keys
from lambdas.records.erasures import (
    DEADLINE,
    OVERDUE,
    Erasure,
    ErasureKind,
    read_progress,
    tombstone,
    with_receipt,
)
from lambdas.table import NEW, Absent, AtMost, Check, ConditionFailed, Update

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from lambdas.ports import Table


class Counted(StrEnum):
    """What is counted per owner; each has a limit in the settings."""

    SUBJECTS = "subjects"
    TRAININGS = "active_trainings"
    GENERATIONS = "active_generations"


@dataclass(frozen=True)
class Account:
    """The counters of one owner."""

    subjects: int = 0
    active_trainings: int = 0
    active_generations: int = 0
    erasing_since: datetime | None = None


def read_account(table: Table, owner: str) -> Account:
    """The account; an owner who has nothing yet has empty counters."""
    item = table.get(keys.account_key(owner)) or {}
    since = item.get("erasing_since")
    return Account(
        subjects=item.get(Counted.SUBJECTS, 0),
        active_trainings=item.get(Counted.TRAININGS, 0),
        active_generations=item.get(Counted.GENERATIONS, 0),
        erasing_since=moments.from_text(since) if since else None,
    )


def one_more(owner: str, counted: Counted, *, limit: int) -> Update:
    """Counts one up; holds only below the limit and while nobody erases the account."""
    return Update(
        keys.account_key(owner),
        add={counted: 1},
        when=(AtMost(counted, limit - 1), Absent("erasing_since")),
    )


def one_less(owner: str, counted: Counted) -> Update:
    """Counts one down; goes with the write that ends what was counted, which guards it."""
    return Update(keys.account_key(owner), add={counted: -1})


def not_erasing(owner: str) -> Check:
    """Holds while nobody erases the account."""
    return Check(keys.account_key(owner), when=(Absent("erasing_since"),))


def why_not_one_more(
    table: Table, owner: str, counted: Counted, *, limit: int
) -> Conflict | LimitReached | None:
    """The error to raise after `one_more` did not hold; None if meanwhile it would."""
    account = read_account(table, owner)
    if account.erasing_since is not None:
        return account_erasing()
    if getattr(account, counted.value) < limit:
        return None
    if counted is Counted.SUBJECTS:
        return Conflict(
            f"You have {limit} subjects, which is as many as you may. Delete one first.",
            code="subject_limit_reached",
        )
    what = counted.value.removeprefix("active_")
    return LimitReached(
        f"You have as many {what} under way as you may ({limit}). Wait for one to end.",
        code=f"too_many_active_{what}",
    )


def account_erasing() -> Conflict:
    """While an account is being erased, nothing new begins."""
    return Conflict(
        "Your data is being deleted. What its deletion answered says by when.",
        code="account_erasing",
    )


def begin_account_erasure(
    table: Table,
    owner: str,
    now: datetime,
    *,
    within: timedelta = DEADLINE,
    signs_in: bool = False,
) -> Erasure:
    """From now on nothing new begins, and everything goes. Asked for again, it is the same one.

    `signs_in`: the owner is a person, whose sign-in goes as well; a server's does not.
    """
    account = Erasure(ErasureKind.ACCOUNT, owner, owner)
    erasure, receipt = with_receipt(account, now, within)
    try:
        table.write(
            Update(keys.account_key(owner), set={"erasing_since": moments.to_text(now)}, when=()),
            tombstone(erasure, due=now + OVERDUE, signs_in=signs_in, when=NEW),
            receipt,
        )
    except ConditionFailed as failed:
        standing = read_progress(table, account)
        if standing is None:
            raise Unavailable("records") from failed
        return standing.erasure
    return erasure


def was_erased(table: Table, owner: str) -> bool:
    """Whether the owner erased their account a short while ago: a token may outlive it."""
    return table.get(keys.gone_key(owner)) is not None
