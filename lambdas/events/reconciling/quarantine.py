"""What holds for everything that waits in quarantine, photos and uploads alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

# An event takes seconds. A slot that is younger than this is looked at on the next visit.
NEWS_TAKE = timedelta(seconds=30)
# The queue delivers a failed look again five times at most, minutes apart.
LOOKS_TAKE = timedelta(minutes=20)


def object_created(bucket: str, key: str) -> dict[str, Any]:
    """As EventBridge says it (S3 "Event message structure for Amazon EventBridge")."""
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
    }
