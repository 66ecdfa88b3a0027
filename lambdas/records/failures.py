"""A failure as an attribute of an item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdas.domain.training import Failure


def failure_item(failure: Failure) -> dict[str, str]:
    """`{"code", "reason"}`."""
    return {"code": failure.code, "reason": failure.reason}


def failure_from(item: Mapping[str, Any] | None) -> Failure | None:
    """The inverse of `failure_item`."""
    return Failure(item["code"], item["reason"]) if item else None
