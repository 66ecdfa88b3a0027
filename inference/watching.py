"""What may end a generation between two steps: its time is over, or nobody wants it any more."""

import time
from collections.abc import Callable

from inference.errors import GenerationFailedError

# Looking asks the store, over the network.
_SECONDS_BETWEEN_LOOKS = 1.0


class RequestWatch:
    """Called between steps; the time runs from its making."""

    def __init__(
        self,
        demand_wanted: Callable[[], None],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`demand_wanted` raises ServingError if the request was withdrawn."""
        self._demand_wanted, self._clock = demand_wanted, clock
        self._end = clock() + seconds
        self._next_look = clock()

    def __call__(self) -> None:
        """Raises GenerationFailedError (timed_out), and what `demand_wanted` does."""
        if self._clock() >= self._end:
            raise GenerationFailedError("timed_out", "The generation took longer than it may.")
        if self._clock() >= self._next_look:
            self._demand_wanted()
            self._next_look = self._clock() + _SECONDS_BETWEEN_LOOKS
