"""A Lambda function's exception keeps its type, so that Retry and Catch can name it.

The emulator reports every exception as `Runtime.HandlerError`. The traceback it logs ends with
the type and the message; the type is taken from there, as AWS reports it: the bare class name.
"""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc

GENERIC = "Runtime.HandlerError"


def error_type(log: str, message: str) -> str | None:
    """Class name of the exception whose traceback ends `log`, or None."""
    text = log.rstrip()
    ending = f": {message}".rstrip() if message else ""
    if ending and not text.endswith(ending):
        return None
    last_line = text.removesuffix(ending).rpartition("\n")[2].strip()
    name = last_line.rpartition(".")[2]
    return name if name.isidentifier() and "Traceback (most recent call last)" in log else None


def install() -> None:
    """Wrap the function that turns a worker's answer into Lambda's."""
    original = lambda_svc._execute_function_warm

    def execute(func: dict[str, Any], event: Any, request_id: str) -> Any:
        result = original(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == GENERIC:
            found = error_type(str(result.get("log", "")), str(body.get("errorMessage", "")))
            if found:
                body["errorType"] = found
        return result

    lambda_svc._execute_function_warm = execute
