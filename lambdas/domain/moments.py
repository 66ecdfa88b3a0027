"""Points in time as text: UTC, milliseconds, fixed width, so that text sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """`2026-11-21T11:00:00.000Z`; the moment must carry a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone is ambiguous")
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    """The inverse of `to_text`."""
    return datetime.fromisoformat(text)


def to_epoch(moment: datetime) -> int:
    """Whole seconds since 1970, as DynamoDB's time to live wants them."""
    return int(moment.timestamp())
