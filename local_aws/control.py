"""Test control: routes under `/_local/` that exist only here, never in AWS.

A package adds its own with `route("POST", "/_local/sagemaker/capacity", handler)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Handler = Callable[[Json], Json]


class BadRequestError(ValueError):
    """A control call that makes no sense; its text is the answer."""


_routes: dict[tuple[str, str], Handler] = {}


def route(method: str, path: str, handler: Handler) -> None:
    """Serve `handler(body) -> answer` at an exact path under `/_local/`.

    It runs in a thread. Raising `BadRequestError` answers 400.
    """
    _routes[method, path] = handler


def answer(method: str, path: str, body: Json) -> tuple[int, Json]:
    """Status and document for a control request."""
    handler = _routes.get((method, path))
    if handler is None:
        known = ", ".join(sorted(f"{m} {p}" for m, p in _routes))
        return 404, {"message": f"No such control route. There are: {known}"}
    try:
        return 200, handler(body)
    except BadRequestError as error:
        return 400, {"message": str(error)}
