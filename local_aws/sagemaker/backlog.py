"""The queue in front of an endpoint's instances."""

from __future__ import annotations

import collections
import threading

from local_aws.clock import Clock
from local_aws.sagemaker.async_request import AsyncRequest


class Backlog:
    """First in, first out. Its size counts what is queued and what is being processed, as
    ApproximateBacklogSize does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: collections.deque[AsyncRequest] = collections.deque()
        self._processing: set[int] = set()
        self._changed = threading.Condition()

    def put(self, request: AsyncRequest) -> None:
        """Append a new request."""
        with self._changed:
            self._queue.append(request)
            self._changed.notify()

    def take(self, seconds: float) -> AsyncRequest | None:
        """The oldest request, now in processing, or None after `seconds` without one."""
        with self._changed:
            if not self._queue:
                self._changed.wait(seconds)
            if not self._queue:
                return None
            request = self._queue.popleft()
            request.taken = self._clock.now()
            request.attempts += 1
            self._processing.add(id(request))
            return request

    def put_back(self, request: AsyncRequest) -> None:
        """Return a request whose process died: it is the oldest again."""
        with self._changed:
            self._processing.discard(id(request))
            self._queue.appendleft(request)
            self._changed.notify()

    def finish(self, request: AsyncRequest) -> None:
        """Forget a request that has its result or its failure."""
        with self._changed:
            self._processing.discard(id(request))
        request.done.set()

    def take_expired(self) -> list[AsyncRequest]:
        """Remove the queued requests whose time to live is over; now in processing."""
        now = self._clock.now()
        with self._changed:
            expired = [request for request in self._queue if request.expired(now)]
            for request in expired:
                self._queue.remove(request)
                self._processing.add(id(request))
        return expired

    def drain(self) -> list[AsyncRequest]:
        """Remove all queued requests (the endpoint is deleted)."""
        with self._changed:
            left = list(self._queue)
            self._queue.clear()
        return left

    def size(self) -> int:
        """Requests queued or being processed."""
        with self._changed:
            return len(self._queue) + len(self._processing)

    def queued(self) -> int:
        """Requests that nobody has picked up."""
        with self._changed:
            return len(self._queue)

    def oldest_age(self) -> float:
        """Age of the oldest queued request in seconds of AWS time, 0 without one."""
        with self._changed:
            return self._clock.now() - self._queue[0].enqueued if self._queue else 0.0
