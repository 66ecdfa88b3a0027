"""The attacks, what each must be answered, and the table of what was."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from benchmarks.cross_tenant.rows import ROWS, Gives, Operation, Row, operations


class Attack(Enum):
    """What is wrong with a call."""

    ANOTHERS_IDS = "another user's ids"
    WRONG_GROUP = "wrong group"
    NO_TOKEN = "no token"
    EXPIRED = "expired token"
    OTHER_POOL = "token of another pool"
    NARROW_SCOPE = "machine token with too little scope"


class Token(Enum):
    """What the attackers carry."""

    NONE = "none"
    USER = "of a user"
    MODERATOR = "of a moderator"
    OTHER_GROUP = "of a user in a group that means nothing"
    EXPIRED = "expired"
    OTHER_POOL = "of another pool"
    READS_ONLY = "of a server that may read"
    WRITES_ONLY = "of a server that may write"


@dataclass(frozen=True)
class Victim:
    """Whose things are gone for: `ids` by the names that paths have, `secrets` no answer may hold.

    The ids need not be among the secrets: what does not exist for a caller may be called by name.
    """

    ids: Mapping[str, str]
    secrets: frozenset[str]


@dataclass(frozen=True)
class Seen:
    """An answer: its status and all that can be read in it, headers too."""

    status: int
    text: str


# token, method, path, body → what came back
Send = Callable[[Token, str, str, Any], Seen]
_REFUSED = frozenset({401})
# API Gateway refuses a scope by 401 or 403, depending on who notices; either shows nothing.
_NARROW = frozenset({401, 403})


@dataclass(frozen=True)
class Cell:
    """One operation under one attack."""

    operation: Operation
    attack: Attack
    status: int
    expected: frozenset[int]
    leaked: bool

    @property
    def as_it_must_be(self) -> bool:
        """The right answer, with nothing of the victim's in it."""
        return self.status in self.expected and not self.leaked


def attempt(
    send: Send, victim: Victim, attacks: Iterable[Attack] = Attack, *, of: Sequence[Operation] = ()
) -> list[Cell]:
    """Every operation under every attack, attack by attack."""
    return [
        _cell(send, victim, operation, attack)
        for attack in attacks
        for operation in (of or operations())
    ]


def _cell(send: Send, victim: Victim, operation: Operation, attack: Attack) -> Cell:
    row = ROWS[operation.name]
    path = operation.path.format(**victim.ids)
    body = json.loads(_filled(json.dumps(row.body), victim.ids))
    seen = send(_token(attack, row, operation), operation.method, path, body)
    leaked = any(secret in seen.text for secret in victim.secrets)
    return Cell(operation, attack, seen.status, expected(row, attack), leaked)


def _filled(text: str, ids: Mapping[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda found: ids[found[1]], text)


def _token(attack: Attack, row: Row, operation: Operation) -> Token:
    match attack:
        case Attack.ANOTHERS_IDS:
            return Token.USER
        case Attack.WRONG_GROUP:
            # Moderating gives no right to anybody's things; no other group gives any.
            return Token.OTHER_GROUP if row.gives is Gives.MODERATORS else Token.MODERATOR
        case Attack.NO_TOKEN:
            return Token.NONE
        case Attack.EXPIRED:
            return Token.EXPIRED
        case Attack.OTHER_POOL:
            return Token.OTHER_POOL
        case Attack.NARROW_SCOPE:
            return Token.WRITES_ONLY if operation.method == "GET" else Token.READS_ONLY


def expected(row: Row, attack: Attack) -> frozenset[int]:
    """The statuses that an operation may answer an attack with."""
    if row.gives is Gives.EVERYBODY:
        return row.own
    if attack in {Attack.NO_TOKEN, Attack.EXPIRED, Attack.OTHER_POOL}:
        return _REFUSED
    if attack is Attack.NARROW_SCOPE:
        return _NARROW
    return {
        Gives.ANY_CALLER: row.own,
        Gives.OWN: row.own,
        Gives.NAMED: frozenset({404}),
        Gives.MODERATORS: frozenset({403}),
    }[row.gives]


def table(cells: Sequence[Cell]) -> str:
    """The matrix as markdown; what is not as it must be stands out."""
    attacks = list(dict.fromkeys(cell.attack for cell in cells))
    lines = [
        f"| | {' | '.join(attack.value for attack in attacks)} |",
        f"|---|{'---|' * len(attacks)}",
    ]
    for name in sorted({cell.operation.name for cell in cells}, key=_by_path):
        row = {cell.attack: cell for cell in cells if cell.operation.name == name}
        lines.append(f"| `{name}` | {' | '.join(_shown(row[attack]) for attack in attacks)} |")
    return "\n".join(lines)


def summary(cells: Sequence[Cell]) -> str:
    """How many calls, leaks, and answers that should have been others."""
    leaks = sum(cell.leaked for cell in cells)
    wrong = sum(cell.status not in cell.expected for cell in cells)
    return f"{len(cells)} calls, {leaks} leaks, {wrong} unexpected answers."


def _shown(cell: Cell) -> str:
    if cell.as_it_must_be:
        return str(cell.status)
    wanted = " or ".join(map(str, sorted(cell.expected)))
    return f"**{cell.status}{', LEAK' if cell.leaked else ''}** (not {wanted})"


def _by_path(name: str) -> tuple[str, str]:
    method, path = name.split()
    return path, method
