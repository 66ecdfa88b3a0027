from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from lambdas.adapters.failures import calling
from lambdas.domain.errors import Unavailable


def _error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "m"},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "r",
                "HostId": "h",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "Operation",
    )


@pytest.mark.parametrize(
    "error",
    [
        _error("ThrottlingException"),
        _error("SlowDown", 503),
        _error("SomethingNew", 500),
        _error("AnyCode", 429),
        ReadTimeoutError(endpoint_url="x"),
        ConnectTimeoutError(endpoint_url="x"),
        EndpointConnectionError(endpoint_url="x"),
    ],
)
def test_what_passes_by_itself_is_unavailable(error: Exception) -> None:
    with pytest.raises(Unavailable) as caught, calling("records"):
        raise error
    assert caught.value.service == "records"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_mistakes_of_ours_stay_what_they_are(code: str) -> None:
    with pytest.raises(ClientError), calling("records"):
        raise _error(code)


def test_a_service_may_name_more_that_passes() -> None:
    with pytest.raises(Unavailable), calling("endpoint", also={"Busy"}):
        raise _error("Busy")
