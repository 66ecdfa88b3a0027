"""An endpoint's status, and the one operation at a time that may change it.

Creating → InService ⇄ Updating        a failed update goes back to the old fleet, silently
    └────→ Failed   └→ Deleting → (gone)
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from local_aws.sagemaker.errors import ValidationException

logger = logging.getLogger("local_aws.sagemaker")


class EndpointStatus:
    """EndpointStatus and FailureReason; operations run in threads of their own."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self.value = "Creating"
        self.failure_reason: str | None = None
        self.created = self.modified = time.time()
        self._lock = threading.RLock()
        self._settled = threading.Event()

    def begin(self, status: str, operation: Callable[[], None]) -> None:
        """Enter `status` and run the operation in the background; it settles the outcome.

        Raises:
            ValidationException: an update of an endpoint that is not InService, or a deletion
                while another operation is under way.
        """
        with self._lock:
            refused = {
                "Updating": self.value != "InService",
                "Deleting": self.value in ("Creating", "Updating", "Deleting"),
            }
            if refused.get(status):
                message = f'Cannot update in-progress endpoint "{self._arn}".'
                raise ValidationException(message)
            self._settled.clear()
            self.value, self.modified, self.failure_reason = status, time.time(), None
        threading.Thread(
            target=self._guarded, args=(operation,), name=f"endpoint-{status}", daemon=True
        ).start()

    def settle(self, status: str, failure_reason: str | None = None) -> None:
        """End the operation in `status`."""
        with self._lock:
            self.value, self.failure_reason = status, failure_reason
            self.modified = time.time()
        self._settled.set()

    def wait(self, seconds: float | None = None) -> str:
        """Wait until no operation is under way; returns the status."""
        self._settled.wait(seconds)
        return self.value

    def _guarded(self, operation: Callable[[], None]) -> None:
        try:
            operation()
        except Exception:
            logger.exception("endpoint_operation_failed", extra={"endpoint": self._arn})
            self.settle("Failed", "InternalServerError: We encountered an internal error.")
