"""All routes of the API, from the same functions that build the handlers."""

from __future__ import annotations

from typing import Any, cast

from lambdas.api import catalogue, generations, reviews, subjects, trainings, verify
from lambdas.api.http import Api, Route


class _Unused:
    """A port that nobody calls: describing a route does not run it."""

    def __getattr__(self, _: str) -> _Unused:
        return _Unused()


def all_routes() -> list[Route]:
    """The routes of every handler, ordered by path and method."""
    unused = cast("Any", _Unused())
    modules = (catalogue, subjects, trainings, generations, reviews, verify)
    apis: list[Api] = [module.build_app(unused) for module in modules]
    routes = [route for api in apis for route in api.routes]
    return sorted(routes, key=lambda route: (route.path, route.method))
