"""From routes and answers to an OpenAPI 3.1 document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from inspect import cleandoc
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from lambdas.api.http import Route
from lambdas.openapi.answers.common import Page, Problem
from lambdas.openapi.operations import ANSWERS, OTHER_SHAPES
from lambdas.openapi.queries import FILES, QUERIES

VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"
_DESCRIPTION = cleandoc(
    """
    Learn a subject from a few photos, then make moderated images of it.

    Whatever takes time answers `202` with a `Location` to follow. Errors are
    `application/problem+json` with a stable `code`. Every `POST` with a body takes an
    `Idempotency-Key`: a replay returns the first answer, the same key with another body is refused.
    Fields marked `x-advanced` belong under "Advanced" in a user interface; those marked
    `x-planned` are known and refused until a later release.
    """
)
_NOUNS = {
    "subject_id": "sub",
    "photo_id": "pho",
    "upload_id": "upl",
    "training_id": "trn",
    "generation_id": "gen",
    "erasure_id": "era",
    "image_id": "img",
    "review_id": "rev",
}
_TAGS = (
    "subjects",
    "trainings",
    "generations",
    "uploads",
    "reviews",
    "verify",
    "me",
    "erasures",
    "health",
    "styles",
    "models",
)
Model = Any


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The document."""
    routes = list(routes)
    refs, schemas = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, refs)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Personalised avatars", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/v1"}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in _TAGS],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token of the user pool. A server's token needs the "
                    "scope `avatar/read` or `avatar/write`.",
                }
            },
        },
    }


def _schemas(routes: list[Route]) -> tuple[dict[tuple[Model, str], Any], dict[str, Any]]:
    """A reference for each model, and the schemas that they refer to."""
    modes: list[tuple[Model, JsonSchemaMode]] = [(Problem, "serialization")]
    for route in routes:
        if route.body is not None:
            modes.append((route.body, "validation"))
        modes.append((ANSWERS[route.name], "serialization"))
        modes += [(model, "serialization") for model in OTHER_SHAPES.get(route.name, {}).values()]
    unique = list(dict.fromkeys(modes))
    refs, definitions = models_json_schema(unique, ref_template=_REF)
    return {(model, mode): ref for (model, mode), ref in refs.items()}, definitions["$defs"]


def _operation(route: Route, refs: dict[tuple[Model, str], Any]) -> dict[str, Any]:
    summary, _, more = cleandoc(route.function.__doc__ or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.function.__name__,
        "tags": [_tag(route.path)],
        "summary": summary.rstrip("."),
        "parameters": _parameters(route),
        "responses": _responses(route, refs),
    }
    if more.strip():
        operation["description"] = more.strip()
    if route.public:
        operation["security"] = []
    if route.body is not None:
        schema = refs[route.body, "validation"]
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _tag(path: str) -> str:
    return next(part for part in reversed(path.split("/")) if part in _TAGS)


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _id(_NOUNS[name])}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.method == "GET" and _is_page(ANSWERS[route.name]) and _takes_cursor(route):
        limit = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
        found.append({"name": "limit", "in": "query", "schema": limit})
        found.append({"name": "cursor", "in": "query", "schema": {"type": "string"}})
    found += QUERIES.get(route.name, [])
    if route.method == "POST":
        key = {"type": "string", "minLength": 1, "maxLength": 255}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": key})
    return found


def _id(prefix: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$"}


def _is_page(model: Model) -> bool:
    return isinstance(model, type) and issubclass(model, Page)


def _takes_cursor(route: Route) -> bool:
    return route.path not in {"/styles", "/models"}


def _responses(route: Route, refs: dict[tuple[Model, str], Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": refs[ANSWERS[route.name], "serialization"]}}
    for media_type, model in OTHER_SHAPES.get(route.name, {}).items():
        content[media_type] = {"schema": refs[model, "serialization"]}
    content |= {kind: {"schema": {"type": "string"}} for kind in FILES.get(route.name, ())}
    success: dict[str, Any] = {"description": HTTPStatus(route.status).phrase, "content": content}
    if route.status in {201, 202} and route.method == "POST":
        success["headers"] = {"Location": {"schema": {"type": "string"}}}
    responses: dict[str, Any] = {str(route.status): success}
    if route.name in FILES:
        success["headers"] = {"Link": {"schema": {"type": "string"}}}
    if route.name in OTHER_SHAPES:
        responses["303"] = {
            "description": "Too large to answer: the document of that shape lies at `Location`",
            "headers": {"Location": {"schema": {"type": "string"}}},
        }
    problem = {"application/problem+json": {"schema": refs[Problem, "serialization"]}}
    for status in _refusals(route):
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": problem}
        if status in {429, 503}:
            header = {"Retry-After": {"schema": {"type": "integer"}}}
            responses[str(status)]["headers"] = header
    return responses


def _refusals(route: Route) -> list[int]:
    """The refusals that an operation of this kind may answer with."""
    if route.public:
        # Without a caller there is nothing to refuse but an id that leads nowhere.
        return [404, 500, 503] if "{" in route.path else [500]
    refusals = {401, 403, 429, 500, 503}
    if "{" in route.path or route.name == "POST /generations":
        refusals.add(404)
    if route.method == "POST":
        refusals |= {400, 409, 422}
    if route.body is not None:
        refusals |= {400, 413, 415, 422}
    if route.name in QUERIES or (_is_page(ANSWERS[route.name]) and _takes_cursor(route)):
        refusals.add(422)
    return sorted(refusals)
