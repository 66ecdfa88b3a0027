"""Adding a service to the emulator's router.

A service is known to the router by its SigV4 signing name. JSON services (`X-Amz-Target`) and a
REST service may share one, as `sagemaker` and `sagemaker-runtime` do.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ministack import app as _app
from ministack.core import router

from local_aws.seam.errors import AwsError
from local_aws.seam.identity import Caller, caller_of

logger = logging.getLogger("local_aws")

Json = dict[str, Any]
JsonHandler = Callable[[str, Json, Caller], "Json | Awaitable[Json]"]
_Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class RestRequest:
    """A REST call: path is decoded, header names are lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    caller: Caller


@dataclass(frozen=True)
class RestResponse:
    """A REST answer; `body` is sent as JSON unless it is bytes."""

    body: Json | bytes = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


RestHandler = Callable[[RestRequest], "RestResponse | Awaitable[RestResponse]"]


@dataclass
class _Service:
    json: dict[str, JsonHandler] = field(default_factory=dict)  # by target prefix
    rest: RestHandler | None = None


_services: dict[str, _Service] = {}
# A pool of our own: requests from Lambda workers must never wait for the threads that run them.
_pool = ThreadPoolExecutor(max_workers=32, thread_name_prefix="local-aws")


async def _call(handler: Callable[..., Any], *arguments: Any) -> Any:
    """Await an async handler; run a plain one in a thread, so that it may block."""
    if inspect.iscoroutinefunction(handler):
        return await handler(*arguments)
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool, lambda: context.run(handler, *arguments))


def _error(error: AwsError) -> _Answer:
    body = {"__type": error.code, "code": error.code, "message": error.message}
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": error.code}
    return error.status, headers, json.dumps(body).encode()


async def _answer_json(service: _Service, target: str, body: bytes, caller: Caller) -> _Answer:
    prefix, _, action = target.rpartition(".")
    if prefix not in service.json:
        raise AwsError("UnknownOperationException", f"Unknown operation: {action}")
    answer = await _call(service.json[prefix], action, json.loads(body or b"{}"), caller)
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, _dump(answer)


async def _answer_rest(service: _Service, request: RestRequest) -> _Answer:
    if service.rest is None:
        raise AwsError("UnknownOperationException", "No such operation.", 404)
    response = await _call(service.rest, request)
    content = response.body
    data = content if isinstance(content, bytes) else _dump(content)
    return response.status, {"Content-Type": "application/json", **response.headers}, data


def _router_handler(service: _Service) -> Callable[..., Awaitable[_Answer]]:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> _Answer:
        try:
            caller = caller_of(headers, query)
            if target := headers.get("x-amz-target"):
                return await _answer_json(service, target, body, caller)
            request = RestRequest(method, unquote(path), query, headers, body, caller)
            return await _answer_rest(service, request)
        except AwsError as error:
            return _error(error)
        except Exception:
            logger.exception("local_aws_service_failed")
            return _error(AwsError("InternalServerError", "Internal server error.", 500))

    return handle


def _dump(document: Any) -> bytes:
    return json.dumps(document, default=str).encode()


def _service(scope: str) -> _Service:
    if scope not in _services:
        _services[scope] = _Service()
        router.SERVICE_PATTERNS.setdefault(scope, {})
        _app.SERVICE_HANDLERS[scope] = _router_handler(_services[scope])
    return _services[scope]


def register_json_service(credential_scope: str, target_prefix: str, handler: JsonHandler) -> None:
    """Serve an AWS JSON 1.1 service.

    Args:
        credential_scope: SigV4 signing name (`rekognition`, `application-autoscaling`).
        target_prefix: `X-Amz-Target` before the dot (`RekognitionService`).
        handler: `(action, body, caller) -> answer`, may raise `AwsError`. A plain function runs
            in a thread and may block; an `async` one runs on the server's loop and must not.
            Timestamps in the answer are numbers (epoch seconds). It authorizes the caller itself.
    """
    _service(credential_scope).json[target_prefix] = handler
    # First in the table: the router takes the first prefix that matches.
    prefixes = router.SERVICE_PATTERNS[credential_scope].setdefault("target_prefixes", [])
    prefixes.append(f"{target_prefix}.")


def register_rest_json_service(credential_scope: str, handler: RestHandler) -> None:
    """Serve the REST calls signed for `credential_scope`; threads as for JSON services."""
    _service(credential_scope).rest = handler
