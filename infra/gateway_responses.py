"""What API Gateway says by itself, in the form that our handlers use: problem documents (RFC 9457).

A client then has one error form to read, whoever refused its request. The templates hold nothing
of the request, and nothing of an exception.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import aws_apigateway as apigateway

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM_JSON = "application/problem+json"
_Type = apigateway.ResponseType


@dataclass(frozen=True)
class Problem:
    """One kind of answer: status, title, stable code, a sentence for a person."""

    status: int | None
    title: str
    code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)


_SIGN_IN = Problem(
    401,
    "Unauthorized",
    "unauthenticated",
    "Sign in, and send the access token.",
    {"WWW-Authenticate": "'Bearer'"},
)
_TOO_MANY = Problem(
    429,
    "Too Many Requests",
    "too_many_requests",
    "Slow down and try again.",
    {"Retry-After": "'1'"},
)
_OURS = Problem(
    500, "Internal Server Error", "internal_error", "The fault is ours; please try again later."
)
_REFUSED = Problem(403, "Forbidden", "forbidden", "The request was refused.")
_SLOW = Problem(504, "Gateway Timeout", "timeout", "The answer took too long; please try again.")

PROBLEMS: tuple[tuple[apigateway.ResponseType, Problem], ...] = (
    (_Type.UNAUTHORIZED, _SIGN_IN),
    (_Type.EXPIRED_TOKEN, _SIGN_IN),
    (_Type.INVALID_SIGNATURE, _SIGN_IN),
    (_Type.ACCESS_DENIED, _REFUSED),
    (_Type.INVALID_API_KEY, _REFUSED),
    (_Type.WAF_FILTERED, _REFUSED),
    # API Gateway says "missing token" for a path or method that does not exist.
    (
        _Type.MISSING_AUTHENTICATION_TOKEN,
        Problem(404, "Not Found", "not_found", "There is nothing here."),
    ),
    (_Type.RESOURCE_NOT_FOUND, Problem(404, "Not Found", "not_found", "There is nothing here.")),
    (
        _Type.BAD_REQUEST_BODY,
        Problem(400, "Bad Request", "bad_request", "The body could not be read."),
    ),
    (
        _Type.BAD_REQUEST_PARAMETERS,
        Problem(400, "Bad Request", "bad_request", "A parameter could not be read."),
    ),
    (
        _Type.REQUEST_TOO_LARGE,
        Problem(413, "Content Too Large", "body_too_large", "A request may have up to 10 MB."),
    ),
    (
        _Type.UNSUPPORTED_MEDIA_TYPE,
        Problem(415, "Unsupported Media Type", "unsupported_media_type", "Send JSON."),
    ),
    (_Type.THROTTLED, _TOO_MANY),
    (_Type.QUOTA_EXCEEDED, _TOO_MANY),
    (_Type.AUTHORIZER_FAILURE, _OURS),
    (_Type.AUTHORIZER_CONFIGURATION_ERROR, _OURS),
    (_Type.API_CONFIGURATION_ERROR, _OURS),
    (_Type.INTEGRATION_FAILURE, _SLOW),
    (_Type.INTEGRATION_TIMEOUT, _SLOW),
    # Whatever else: API Gateway keeps the status that it has for the kind.
    (
        _Type.DEFAULT_4_XX,
        Problem(None, "Bad Request", "bad_request", "The request could not be handled."),
    ),
    (
        _Type.DEFAULT_5_XX,
        Problem(None, "Internal Server Error", "internal_error", _OURS.detail),
    ),
)


def add_gateway_responses(api: apigateway.RestApi, cors_origins: list[str]) -> None:
    """Give ``api`` a problem document for every kind of answer that it makes itself."""
    # One header value cannot name several origins. These documents say nothing private.
    origin = cors_origins[0] if len(cors_origins) == 1 else "*"
    for kind, problem in PROBLEMS:
        document = {
            "type": "about:blank",
            "title": problem.title,
            **({"status": problem.status} if problem.status else {}),
            "detail": problem.detail,
            "code": problem.code,
            "request_id": "$context.requestId",
        }
        api.add_gateway_response(
            "".join(part.title() for part in kind.response_type.split("_")),
            type=kind,
            status_code=str(problem.status) if problem.status else None,
            response_headers={
                "Content-Type": f"'{PROBLEM_JSON}'",
                "Access-Control-Allow-Origin": f"'{origin}'",
                **problem.headers,
            },
            templates={"application/json": json.dumps(document)},
        )
