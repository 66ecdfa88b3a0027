"""How a no is told to a caller: RFC 9457 problem documents.

    {"type", "title", "status", "detail", "code", "errors"?: [{"pointer", "detail", "code"}],
     "category"?, "request_id"}

The only place where domain errors meet status codes. Answers to unexpected errors carry nothing but
the request's id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, get_args

from pydantic import ValidationError

from lambdas.api.messages import Answer
from lambdas.domain.errors import (
    Conflict,
    DomainError,
    FieldError,
    Forbidden,
    Invalid,
    LimitReached,
    NotFound,
    Refused,
    Unavailable,
)

CONTENT_TYPE = "application/problem+json"

_STATUS: Mapping[type[DomainError], int] = {
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    Refused: 422,
    LimitReached: 429,
    Forbidden: 403,
    Unavailable: 503,
}

# pydantic's error types → our stable codes; the rest are `invalid`.
_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "enum": "not_allowed",
    "literal_error": "not_allowed",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "greater_than": "too_small",
    "greater_than_equal": "too_small",
    "less_than": "too_large",
    "less_than_equal": "too_large",
    "finite_number": "invalid",
    "string_type": "wrong_type",
    "string_sub_type": "wrong_type",
    "int_type": "wrong_type",
    "int_from_float": "wrong_type",
    "float_type": "wrong_type",
    "bool_type": "wrong_type",
    "list_type": "wrong_type",
    "tuple_type": "wrong_type",
    "dict_type": "wrong_type",
    "model_type": "wrong_type",
    "model_attributes_type": "wrong_type",
}


class TransportError(Exception):
    """The request never reached the domain: unreadable, too large, without a caller."""

    def __init__(self, status: int, code: str, detail: str, *, retry_after: int = 0) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    request_id: str,
    errors: Sequence[FieldError] = (),
    category: str | None = None,
    retry_after: int = 0,
) -> Answer:
    """A problem document; `retry_after` seconds become a header."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = [
            {"pointer": e.pointer, "detail": e.detail, "code": e.code} for e in errors
        ]
    if category is not None:
        body["category"] = category
    headers = {"Content-Type": CONTENT_TYPE}
    if retry_after:
        headers["Retry-After"] = str(retry_after)
    return Answer(status, body, headers)


def of_domain(error: DomainError, request_id: str) -> Answer:
    """The problem that a domain error is; a kind without a status of its own has its parent's."""
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    return problem(
        status,
        error.code,
        error.detail,
        request_id=request_id,
        errors=error.errors if isinstance(error, Invalid) else (),
        category=error.category if isinstance(error, Refused) else None,
        retry_after=error.retry_after if isinstance(error, LimitReached | Unavailable) else 0,
    )


def of_transport(error: TransportError, request_id: str) -> Answer:
    """The problem of a request that never reached the domain."""
    return problem(
        error.status,
        error.code,
        error.detail,
        request_id=request_id,
        retry_after=error.retry_after,
    )


def unexpected(request_id: str) -> Answer:
    """What a caller hears of our own mistakes."""
    detail = "Something went wrong here. Tell us the request_id if it happens again."
    return problem(500, "internal_error", detail, request_id=request_id)


def of_body(error: ValidationError) -> Invalid:
    """What pydantic found, one FieldError each; values are never repeated."""
    return Invalid(
        [
            FieldError(
                pointer(found["loc"]),
                found["msg"].removeprefix("Value error, "),
                _code(found["type"]),
            )
            for found in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    )


def pointer(location: Sequence[str | int]) -> str:
    """A location in a document as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def _code(kind: str) -> str:
    if kind in _CODES:
        return _CODES[kind]
    # A validator of ours names its own code; everything else of pydantic's is `invalid`.
    return "invalid" if kind in _types_of_pydantic() else kind


@cache
def _types_of_pydantic() -> frozenset[str]:
    from pydantic_core.core_schema import ErrorType

    return frozenset(get_args(ErrorType))
