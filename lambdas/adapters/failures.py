"""Which failures of AWS pass by themselves.

Throttling, 5xx, time-outs and broken connections become `Unavailable`: callers come back, queues
deliver again. Everything else (a missing permission, a wrong parameter) is a mistake of ours and
stays what it is, so that it is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BrokenConnection

from lambdas.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Collection

# Names from "Common errors" and the services' own references.
_TRANSIENT = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "KMSThrottlingException",
        "LimitExceededException",
        "ModelNotReadyException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


def code_of(error: ClientError) -> str:
    """The error code that AWS gave."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_transient(error: ClientError) -> bool:
    """Whether the same call may pass later."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in _TRANSIENT or status >= 500 or status == 429


@contextmanager
def calling(service: str, *, also: Collection[str] = ()) -> Iterator[None]:
    """Calls inside raise Unavailable if their failure passes by itself; `also`: more such codes."""
    try:
        yield
    except ClientError as error:
        if is_transient(error) or code_of(error) in also:
            raise Unavailable(service) from error
        raise
    except (BrokenConnection, HTTPClientError) as error:
        raise Unavailable(service) from error
