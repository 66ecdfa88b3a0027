"""The frame around every route: it turns an API Gateway event into a Request and an Answer into a
response, and lets no exception out.

    api = Api("subjects", table=…, clock=…, persistence=…)

    @api.post("/subjects", body=CreateSubject, status=201)
    def create(request: Request[CreateSubject]) -> Answer: ...

Order: caller → body → Idempotency-Key → route. Routing is Powertools' resolver; validation is ours,
because its own imports pydantic's OpenAPI models into every cold start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from lambdas import telemetry
from lambdas.api import problems
from lambdas.api.callers import caller_of
from lambdas.api.idempotency import Idempotency, NotKept, Once
from lambdas.api.messages import Answer, Body, Caller, Request, Scope
from lambdas.api.problems import TransportError
from lambdas.api.reading import page_of as page_of
from lambdas.api.reading import read_body, read_page
from lambdas.domain.errors import DomainError, Forbidden
from lambdas.records.account import was_erased

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

    from lambdas.ports import Clock, Table

MAX_BODY_BYTES = 64 * 1024

# Tokens travel in a header, never in a cookie: any origin may ask, none can ride on a session.
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Link, Location, Retry-After, Idempotency-Replayed, X-Request-Id"
    ),
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
_NOBODY = Caller(owner="nobody", is_user=False)
BodyT = TypeVar("BodyT", bound=Body)
Function = Callable[[Request[Any]], Answer]
# Makes the answer to a repeated request from what was kept of the first one (`Answer.kept`).
Again = Callable[[Request[Any], Mapping[str, Any]], Answer]


@dataclass(frozen=True)
class Route:
    """One operation, with all that OpenAPI needs to know about it."""

    method: str
    path: str
    function: Function
    body: type[Body] | None
    status: int
    public: bool
    max_body_bytes: int
    again: Again | None = None

    @property
    def name(self) -> str:
        """`POST /subjects/{subject_id}/photos`."""
        return f"{self.method} {self.path}"

    @property
    def scope(self) -> Scope:
        """What a server's token must carry."""
        return Scope.READ if self.method == "GET" else Scope.WRITE


class Api:
    """A group of routes, callable as a Lambda handler."""

    def __init__(
        self,
        *,
        table: Table | None = None,
        clock: Clock | None = None,
        persistence: Callable[[], BasePersistenceLayer] | None = None,
        group: str | None = None,
    ) -> None:
        """`group`: whose members alone may call these routes."""
        self._group = group
        self.routes: list[Route] = []
        self._resolver = APIGatewayRestResolver(strip_prefixes=["/v1"])
        self._resolver.not_found(self._no_route)
        self._context: object = None
        self._table = table
        self._idempotency = (
            Idempotency(persistence, table, clock) if persistence and table and clock else None
        )

    @overload
    def post(
        self,
        path: str,
        *,
        body: type[BodyT],
        status: int,
        max_body_bytes: int = ...,
        again: Again | None = ...,
    ) -> Callable[[Callable[[Request[BodyT]], Answer]], Callable[[Request[BodyT]], Answer]]: ...

    @overload
    def post(
        self, path: str, *, body: None = None, status: int, max_body_bytes: int = ...
    ) -> Callable[[Callable[[Request[None]], Answer]], Callable[[Request[None]], Answer]]: ...

    def post(
        self,
        path: str,
        *,
        body: type[Body] | None = None,
        status: int,
        max_body_bytes: int = MAX_BODY_BYTES,
        again: Again | None = None,
    ) -> Callable[[Any], Any]:
        """A POST: with a body, idempotent when the caller sends a key; `status` on success.

        `again` makes a repeated answer where not all of the first one is kept.
        """
        return self._adding("POST", path, body, status, max_body_bytes=max_body_bytes, again=again)

    def patch(
        self, path: str, *, body: type[BodyT]
    ) -> Callable[[Callable[[Request[BodyT]], Answer]], Callable[[Request[BodyT]], Answer]]:
        """A PATCH."""
        return self._adding("PATCH", path, body, 200)

    def get(
        self, path: str, *, public: bool = False
    ) -> Callable[[Callable[[Request[None]], Answer]], Callable[[Request[None]], Answer]]:
        """A GET; `public` ones ask for no caller."""
        return self._adding("GET", path, None, 200, public=public)

    def delete(
        self, path: str, *, status: int = 202
    ) -> Callable[[Callable[[Request[None]], Answer]], Callable[[Request[None]], Answer]]:
        """A DELETE."""
        return self._adding("DELETE", path, None, status)

    def _adding(
        self,
        method: str,
        path: str,
        body: type[Body] | None,
        status: int,
        *,
        public: bool = False,
        max_body_bytes: int = MAX_BODY_BYTES,
        again: Again | None = None,
    ) -> Callable[[Any], Any]:
        def add(function: Function) -> Function:
            route = Route(method, path, function, body, status, public, max_body_bytes, again)
            self.routes.append(route)
            pattern = path.replace("{", "<").replace("}", ">")
            self._resolver.route(pattern, method)(
                lambda **names: self._response(
                    self._answer(route, names), route.path.format(**names)
                )
            )
            return function

        return add

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer one event of an API Gateway REST proxy; never raises."""
        self._context = context
        telemetry.logger.set_correlation_id(_request_id(event))
        try:
            return cast("dict[str, Any]", _resolve(event, context, resolver=self._resolver))
        except Exception as error:  # noqa: BLE001 - the last line: a caller always gets a problem
            telemetry.log_failure("request_failed", error)
            answer = problems.unexpected(_request_id(event))
            return {
                "statusCode": answer.status,
                "headers": {**_HEADERS, **answer.headers},
                "body": json.dumps(answer.body),
                "isBase64Encoded": False,
            }
        finally:
            telemetry.flush()

    def _answer(self, route: Route, names: Mapping[str, str]) -> Answer:
        event: dict[str, Any] = self._resolver.current_event.raw_event
        request_id = _request_id(event)
        try:
            request = self._request(route, names, event)
            key = request.headers.get("idempotency-key")
            if route.method != "POST" or key is None or self._idempotency is None:
                return route.function(request)
            body = request.body.model_dump(mode="json") if request.body else None
            once = Once(request.owner, route.name, key, {"path": dict(request.path), "body": body})
            again = partial(route.again, request) if route.again else None
            return self._idempotency.run(
                once, lambda: _keepable(route, request), self._context, again
            )
        except DomainError as error:
            return problems.of_domain(error, request_id)
        except TransportError as error:
            return problems.of_transport(error, request_id)
        except Exception as error:  # noqa: BLE001 - our mistake; the caller learns only its id
            telemetry.log_failure("request_failed", error, route=route.name)
            return problems.unexpected(request_id)

    def _request(
        self, route: Route, names: Mapping[str, str], event: Mapping[str, Any]
    ) -> Request[Any]:
        caller = _NOBODY if route.public else caller_of(event)
        if not route.public and not caller.may(route.scope):
            raise Forbidden(f"This needs the scope {route.scope}.", code="scope_missing")
        # A token outlives its account for a while. It reads nothing, since nothing is left.
        if route.method == "POST" and self._table and was_erased(self._table, caller.owner):
            raise TransportError(401, "account_erased", "This account was deleted.")
        if self._group is not None and self._group not in caller.groups:
            raise Forbidden(f"This is for the group {self._group}.", code="group_missing")
        listing = route.path.format(**names)
        headers = {n.lower(): str(v) for n, v in (event.get("headers") or {}).items()}
        query = {str(n): str(v) for n, v in (event.get("queryStringParameters") or {}).items()}
        return Request(
            caller=caller,
            body=read_body(route.body, event, headers, max_bytes=route.max_body_bytes),
            path=names,
            query=query,
            headers=headers,
            request_id=_request_id(event),
            read_page=partial(read_page, query, owner=caller.owner, listing=listing),
        )

    def _no_route(self, _: Exception) -> Response[str]:
        event = self._resolver.current_event.raw_event
        detail = "There is no such operation."
        return self._response(
            problems.problem(404, "no_such_operation", detail, request_id=_request_id(event))
        )

    def _response(self, answer: Answer, path: str = "") -> Response[str]:
        event = self._resolver.current_event.raw_event
        headers = {**_HEADERS, "X-Request-Id": _request_id(event), **answer.headers}
        if headers.get("Location", "").startswith("/"):
            # Below whatever the caller called us by: the stage, or a domain's base path.
            full = str((event.get("requestContext") or {}).get("path") or path)
            headers["Location"] = full.removesuffix(path) + headers["Location"]
        return Response(
            status_code=answer.status,
            content_type=answer.headers.get("Content-Type", "application/json"),
            body=_text(answer),
            headers=headers,
        )


@telemetry.tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def _resolve(
    event: dict[str, Any], context: Any, *, resolver: APIGatewayRestResolver
) -> dict[str, Any]:
    return resolver.resolve(event, context)


def _keepable(route: Route, request: Request[Any]) -> Answer:
    try:
        return route.function(request)
    except DomainError as error:
        answer = problems.of_domain(error, request.request_id)
        if error.final:
            return answer
        raise NotKept(answer) from None


def _text(answer: Answer) -> str:
    if answer.text is not None:
        return answer.text
    return "" if answer.body is None else json.dumps(answer.body, separators=(",", ":"))


def _request_id(event: Mapping[str, Any]) -> str:
    return str((event.get("requestContext") or {}).get("requestId") or "unknown")
