"""Names that a JSON document gives twice: RFC 8259 leaves open which value counts, so none does.

pydantic takes the last one, and another reader of the same bytes (a firewall, a client's log) may
take the first: a value would be dropped in silence.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Location = tuple[str | int, ...]


def repeated_names(raw: bytes) -> list[Location]:
    """Where in a valid UTF-8 JSON document a name stands that its object has already."""
    repeating: dict[int, list[str]] = {}
    alive = []  # an id names an object only as long as that lives

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeating[id(found)] = [name for name, count in counts.items() if count > 1]
            alive.append(found)
        return found

    # Numbers are not looked at: what reads them may cost more than the whole rest.
    document = json.loads(raw.decode(), object_pairs_hook=made, parse_int=len, parse_float=len)
    return list(_located(document, (), repeating)) if repeating else []


def _located(node: Any, at: Location, repeating: dict[int, list[str]]) -> Iterator[Location]:
    if isinstance(node, dict):
        for name in repeating.get(id(node), ()):
            yield (*at, name)
        for name, value in node.items():
            yield from _located(value, (*at, name), repeating)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _located(value, (*at, index), repeating)
