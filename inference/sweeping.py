"""What was erased leaves a running instance too, whether or not anybody asks for it again.

Every few minutes each adapter that the instance holds is looked for in the store; what is not there
any more leaves disk, memory and accelerator. So a copy outlives its erasure by one interval (and a
generation that is under way), or by the life of the instance if that ends sooner.
"""

import ctypes
import logging
import threading
from collections.abc import Callable

SWEEP_SECONDS = 600.0
_log = logging.getLogger(__name__)


def return_freed_memory() -> bool:
    """Give the system back what was freed: adapters that come and go leave gaps in the heap, which
    otherwise grows by kibibytes a swap (malloc_trim(3), glibc only). Whether it was possible."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and trim(0) == 1


class Sweeper(threading.Thread):
    """Sweeps until the process ends."""

    def __init__(self, sweep: Callable[[], None], seconds: float) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._sweep = sweep
        self._seconds = seconds
        self._ended = threading.Event()

    def run(self) -> None:
        """Wait, sweep, and again."""
        while not self._ended.wait(self._seconds):
            try:
                self._sweep()
            except Exception as error:  # noqa: BLE001 - the next sweep is the next chance
                _log.warning("event=sweep_failed error=%s", type(error).__name__)

    def end(self) -> None:
        """No further sweep."""
        self._ended.set()
