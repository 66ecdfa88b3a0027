"""Clients whose answers are written down: requests are checked against AWS's own service models."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from botocore.session import get_session
from botocore.stub import Stubber


def stubbed(service: str, **config: Any) -> tuple[Any, Stubber]:
    """A client that calls nobody, and where its answers are put."""
    client = get_session().create_client(
        service,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )
    stub = Stubber(client)
    stub.activate()
    return client, stub
