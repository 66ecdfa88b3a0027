"""From a function that builds a handler to the `handler` that Lambda calls.

In Lambda it is built at import, in the initialisation phase: a misconfigured function fails at its
deployment's first breath, not at its first caller. Elsewhere (tests, the OpenAPI export) importing
a module builds nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

Handler = Callable[[dict[str, Any], Any], Any]


def lambda_handler(build: Callable[[], Handler]) -> Handler:
    """The handler that `build` makes, made once."""
    built = cache(build)
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        built()

    def handler(event: dict[str, Any], context: Any) -> Any:
        return built()(event, context)

    return handler
