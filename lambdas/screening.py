"""What everyone who screens has in common: that failing closed is seen by the operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lambdas import telemetry
from lambdas.domain.errors import Unavailable


@contextmanager
def fail_closed() -> Iterator[None]:
    """Around calls of moderation: counts `ModerationUnavailable`, on which an alarm stands."""
    try:
        yield
    except Unavailable:
        telemetry.count("ModerationUnavailable")
        raise
