"""The instances behind an endpoint: start, replace when one dies, drain before one ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from local_aws.sagemaker.async_request import AsyncRequest
from local_aws.sagemaker.backlog import Backlog
from local_aws.sagemaker.errors import InvocationTimedOut
from local_aws.sagemaker.invocation import Container, Processing
from local_aws.sagemaker.variant import Variant

logger = logging.getLogger("local_aws.sagemaker")

StartContainer = Callable[[Variant, str], Container]

_POLL_S = 0.1
_RESTART_PAUSE_S = (1.0, 2.0, 5.0, 15.0)  # between attempts to replace a process that keeps dying


class StartError(Exception):
    """An instance did not become healthy; the text is the endpoint's FailureReason."""


class Instance:
    """One container and the threads that feed it from the backlog."""

    def __init__(
        self, container: Container, backlog: Backlog, processing: Processing, concurrency: int
    ) -> None:
        self.container = container
        self._backlog = backlog
        self._processing = processing
        self._draining = threading.Event()
        self._broken = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"serve-{container.pid}-{n}", daemon=True)
            for n in range(concurrency)
        ]

    def serve(self) -> None:
        """Begin to take requests."""
        for thread in self._threads:
            thread.start()

    @property
    def in_service(self) -> bool:
        """Whether it can still serve."""
        return not self._broken.is_set() and self.container.alive()

    def drain(self) -> None:
        """Take no more requests; what is in flight finishes."""
        self._draining.set()

    def end(self) -> None:
        """Wait for what is in flight, then end the process."""
        self.drain()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self.container.stop()

    def abandon(self) -> None:
        """End the process at once."""
        self._draining.set()
        self._broken.set()
        self.container.stop()

    def _work(self) -> None:
        while not self._draining.is_set() and self.in_service:
            request = self._backlog.take(_POLL_S)
            if request is not None:
                self._serve(request)

    def _serve(self, request: AsyncRequest) -> None:
        if self._draining.is_set() or not self.in_service:
            request.attempts -= 1  # it never reached the container
            self._backlog.put_back(request)
            return
        try:
            if self._processing.process(request, self.container):
                self._backlog.finish(request)
            else:
                self._broken.set()
                self._backlog.put_back(request)
        except InvocationTimedOut:
            self._backlog.finish(request)
            self._broken.set()  # still busy with a request that nobody waits for
        except Exception:
            logger.exception("invocation_failed", extra={"inference": request.inference_id})
            self._processing.fail(request, "InternalServerError: internal error.")
            self._backlog.finish(request)


class Fleet:
    """The instances of one variant. `scale` blocks until the count is reached."""

    def __init__(
        self,
        variant: Variant,
        backlog: Backlog,
        processing: Processing,
        start: StartContainer,
        poll_s: float = _POLL_S,
    ) -> None:
        self.variant = variant
        self._backlog = backlog
        self._processing = processing
        self._start = start
        self._poll_s = poll_s
        self._instances: list[Instance] = []
        self._lock = threading.Lock()
        self._scaling = threading.Lock()
        self._closed = threading.Event()
        self._failures = 0
        self.desired = 0

    def count(self) -> int:
        """Instances in service."""
        with self._lock:
            return sum(1 for instance in self._instances if instance.in_service)

    def scale(self, desired: int) -> None:
        """Start or drain instances until there are `desired`.

        Raises:
            StartError: a new instance did not become healthy; those that run stay.
        """
        with self._scaling:
            self.desired = desired
            try:
                self._grow(desired - len(self._instances))
            except StartError:
                self.desired = len(self._instances)
                raise
            self._drop(len(self._instances) - desired)

    def replace_dead(self) -> int:
        """Replace instances whose process ended or hangs; returns how many were dead."""
        if self._closed.is_set() or not self._scaling.acquire(blocking=False):
            return 0  # being scaled: the next look will see it
        try:
            with self._lock:
                dead = [i for i in self._instances if not i.in_service]
                self._instances = [i for i in self._instances if i.in_service]
            for instance in dead:
                logger.warning("endpoint_process_died", extra={"endpoint": self.variant.endpoint})
                instance.abandon()
            if len(self._instances) < self.desired:
                try:
                    self._grow(self.desired - len(self._instances))
                    self._failures = 0
                except StartError as error:
                    logger.warning("endpoint_restart_failed: %s", error)
                    pause = _RESTART_PAUSE_S[min(self._failures, len(_RESTART_PAUSE_S) - 1)]
                    self._failures += 1
                    self._closed.wait(pause)
            return len(dead)
        finally:
            self._scaling.release()

    def close(self) -> None:
        """Drain and end all instances."""
        self._closed.set()
        with self._scaling:
            self.desired = 0
            self._drop(len(self._instances))

    def abandon(self) -> None:
        """End all instances at once, whatever they do."""
        self._closed.set()
        with self._lock:
            instances, self._instances = self._instances, []
        for instance in instances:
            instance.abandon()

    def _grow(self, number: int) -> None:
        """Start so many at the same time; each serves as soon as it is healthy.

        Raises:
            StartError: of the first that did not start; the others stay.
        """
        if number <= 0 or self._closed.is_set():
            return
        variant, problem = self.variant, None
        starting: list[Container] = []
        for place in range(len(self._instances), len(self._instances) + number):
            try:
                starting.append(self._start(variant, f"{variant.name}/{place}"))
            except StartError as error:
                problem = problem or error
        deadline = time.monotonic() + variant.startup_s
        while starting:
            for container in list(starting):
                if container.healthy():
                    self._enlist(container)
                elif not container.alive() or time.monotonic() > deadline or self._closed.is_set():
                    container.stop()
                    message = (
                        f"The primary container for production variant {variant.name} did not pass "
                        "the ping health check. Please check CloudWatch logs for this endpoint."
                    )
                    problem = problem or StartError(message)
                else:
                    continue
                starting.remove(container)
            if starting:
                time.sleep(self._poll_s)
        if problem is not None:
            raise problem

    def _enlist(self, container: Container) -> None:
        instance = Instance(
            container, self._backlog, self._processing, self.variant.output.concurrency
        )
        with self._lock:
            if self._closed.is_set():
                instance.abandon()
                return
            self._instances.append(instance)
        instance.serve()

    def _drop(self, number: int) -> None:
        if number <= 0:
            return
        with self._lock:
            leaving, self._instances = self._instances[-number:], self._instances[:-number]
        for instance in leaving:
            instance.drain()
        for instance in leaving:
            instance.end()
