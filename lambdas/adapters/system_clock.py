"""The clock of the machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements `Clock`."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        return datetime.now(UTC)

    def pause(self, seconds: float) -> None:
        """Let that much time pass."""
        time.sleep(seconds)
