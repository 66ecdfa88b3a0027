"""Requests drawn from the description of the API: right ones, and ones that are nearly right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from benchmarks.cross_tenant.rows import DOCUMENT
from tests.unit.lambdas.surfaces import Sent

Schema = Mapping[str, Any]
DESCRIPTION = json.loads(DOCUMENT.read_text(encoding="utf-8"))
OPERATIONS = [
    (method.upper(), path) for path, methods in DESCRIPTION["paths"].items() for method in methods
]
_TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)
# One value in so many is none that its schema allows.
_SELDOM = 8


@st.composite
def requests(draw: st.DrawFn, ids: Mapping[str, str]) -> tuple[str, Sent]:
    """The path of an operation, and a request for it."""
    method, path = draw(st.sampled_from(OPERATIONS))
    operation = DESCRIPTION["paths"][path][method.lower()]
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] != "path" and draw(st.booleans()):
            value = draw(_value(parameter["schema"]))
            where = query if parameter["in"] == "query" else headers
            where[parameter["name"]] = str(value)
    body = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = draw(_value(schema, ids))
    return path, Sent(method, path.format(**ids), body, headers, query)


def _value(schema: Schema, ids: Mapping[str, str] | None = None) -> st.SearchStrategy[Any]:
    """Mostly what the schema allows."""
    right = _right(schema, ids or {})
    return st.integers(1, _SELDOM).flatmap(lambda turn: _ANYTHING if turn == 1 else right)


def _right(schema: Schema, ids: Mapping[str, str]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        named = DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return _right(named, ids)
    if "anyOf" in schema:
        return st.one_of(*(_right(each, ids) for each in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    low, high = schema.get("minimum"), schema.get("maximum")
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.just(True) | st.booleans()
        case "integer":
            return st.integers(low, high)
        case "number":
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True)
        case "string":
            longest = min(schema.get("maxLength", 30), 30)
            return st.text(min_size=schema.get("minLength", 0), max_size=longest)
        case "array":
            most = min(schema.get("maxItems", 3), 3)
            items = _value(schema.get("items", {}), ids)
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=most)
        case "object":
            return _object(schema, ids)
    return _ANYTHING


def _object(schema: Schema, ids: Mapping[str, str]) -> st.SearchStrategy[Any]:
    needed = set(schema.get("required", ()))
    fields = {
        name: st.sampled_from([ids[name]]) if name in ids else _value(inner, ids)
        for name, inner in schema.get("properties", {}).items()
    }
    return st.fixed_dictionaries(
        {name: value for name, value in fields.items() if name in needed},
        optional={name: value for name, value in fields.items() if name not in needed},
    )
