"""AWS time on a laptop: the minutes of scaling and queueing pass `speed` times faster.

Only waiting is sped up (metric periods, cool-downs, time to live). Processes run in real time.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the engines ask of time."""

    def now(self) -> float:
        """Epoch seconds of AWS time."""
        ...

    def real_seconds(self, aws_seconds: float) -> float:
        """How long a span of AWS time lasts on this machine, in seconds."""
        ...


class ScaledClock:
    """Starts at the present and runs `speed` times as fast as the machine's clock."""

    def __init__(self, speed: float) -> None:
        if speed <= 0:
            message = f"speed must be positive, not {speed}"
            raise ValueError(message)
        self._speed = speed
        self._epoch = time.time()
        self._started = time.monotonic()

    def now(self) -> float:
        """Epoch seconds of AWS time."""
        return self._epoch + (time.monotonic() - self._started) * self._speed

    def real_seconds(self, aws_seconds: float) -> float:
        """How long a span of AWS time lasts on this machine, in seconds."""
        return aws_seconds / self._speed
