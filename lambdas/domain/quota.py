"""What one user may begin in a day: a day is that of UTC, and each is counted anew.

Limits say what may be there or under way at once; quotas how much of it a day brings. They bound
what an account costs that was taken over, or that a script drives.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Metered(StrEnum):
    """What is counted a day; `uploads` are slots that were asked for, of photos and others, and
    pictures that came with a request, `verifications` images that were asked about."""

    SUBJECTS = "subjects"
    UPLOADS = "uploads"
    TRAININGS = "trainings"
    GENERATIONS = "generations"
    IMAGES = "images"
    VERIFICATIONS = "verifications"


def day_of(now: datetime) -> str:
    """`2026-11-21`."""
    return f"{now.astimezone(UTC):%Y-%m-%d}"


def resets_at(now: datetime) -> datetime:
    """When the next day begins."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1)
