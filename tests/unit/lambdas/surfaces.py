"""Every place of a request where a client's text goes, taken from the description of the API."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import quote

from benchmarks.cross_tenant.rows import DOCUMENT, ROWS

Schema = Mapping[str, Any]


class Place(Enum):
    """Where in a request a text stands."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    VALUE = "value"
    NAME = "name"


@dataclass(frozen=True)
class Sent:
    """A request as `gateway.event` takes it."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Surface:
    """One place of one operation; `where` is the parameter, or the way to the value."""

    method: str
    path: str
    place: Place
    where: tuple[str | int, ...]

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.method} {self.path} {self.place.value} {'/'.join(map(str, self.where))}"

    @property
    def operation(self) -> str:
        """As rows and answers call it."""
        return f"{self.method} {self.path}"

    def sent(self, text: str, ids: Mapping[str, str]) -> Sent:
        """A request that is right everywhere else."""
        body = _body(self.operation, ids)
        names = dict(ids)
        headers: dict[str, str] = {}
        query: dict[str, str] = {}
        match self.place:
            case Place.PATH:
                # API Gateway hands on what it was sent: percent-encoded, or not where it may be.
                names[str(self.where[0])] = text if "/" in text else quote(text, errors="replace")
            case Place.QUERY:
                query[str(self.where[0])] = text
            case Place.HEADER:
                headers[str(self.where[0])] = text
            case Place.VALUE:
                body = _replaced(body, self.where, text)
            case Place.NAME:
                body = {**body, text: text}
        return Sent(self.method, self.path.format(**names), body, headers, query)


def surfaces() -> list[Surface]:
    """All of them."""
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return [
        Surface(method.upper(), path, place, where)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for place, where in _places(operation, document, f"{method.upper()} {path}")
    ]


def _places(
    operation: Schema, document: Schema, name: str
) -> Iterator[tuple[Place, tuple[str | int, ...]]]:
    known = {"path": Place.PATH, "header": Place.HEADER}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] != "query":
            yield known[parameter["in"]], (parameter["name"],)
    for header in ("Accept", "Content-Type", "User-Agent", "X-Forwarded-For"):
        yield Place.HEADER, (header,)
    for parameter in ("limit", "cursor", "unknown"):
        yield Place.QUERY, (parameter,)
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        given = set(_leaves(ROWS[name].body or {}))
        described = {(field,) for field in _resolved(schema, document).get("properties", {})}
        for where in sorted(given | described, key=str):
            yield Place.VALUE, where
        yield Place.NAME, ()


def _resolved(schema: Schema, document: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to all texts in a document."""
    match value:
        case str():
            yield at
        case Mapping():
            for name, inner in value.items():
                yield from _leaves(inner, (*at, name))
        case list():
            for position, inner in enumerate(value):
                yield from _leaves(inner, (*at, position))


def _body(name: str, ids: Mapping[str, str]) -> Any:
    text = json.dumps(ROWS[name].body)
    return json.loads(re.sub(r"{(\w+)}", lambda found: ids[found[1]], text))


def _replaced(body: Any, where: tuple[str | int, ...], text: str) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = text
    return changed
