"""A simulated instance: its adapters, and the endpoint that starts and drains such instances."""

from __future__ import annotations

import random
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.fleet.policies import ENDPOINT
from local_aws.sagemaker.queue_metrics import queue_metrics

if TYPE_CHECKING:
    from benchmarks.fleet.inputs import Inputs
    from local_aws.autoscaling.targets import Variant
    from local_aws.sagemaker.ports import Metric

# What is to happen at a moment: ready or free, and which instance.
Later = Callable[[float, Callable[[float], None]], None]
# A request began: its number, when, how long it takes.
Begun = Callable[[int, float, float], None]


@dataclass(eq=False)
class Machine:
    """One instance: the adapters on its disk, the last one on its GPU, and its times in seconds."""

    asked: float
    cached: OrderedDict[int, None] = field(default_factory=OrderedDict)
    loaded: int | None = None
    ready: bool = False
    leaving: bool = False
    busy: bool = False

    def seconds(self, adapter: int, inputs: Inputs, hits: list[int]) -> float:
        """How long it takes for a request; counts resident, hit and miss in `hits`."""
        if adapter == self.loaded:
            hits[0] += 1
            self.cached.move_to_end(adapter)
            return inputs.service_s
        self.loaded = adapter
        if adapter in self.cached:
            hits[1] += 1
            self.cached.move_to_end(adapter)
            return inputs.service_s + inputs.swap_hit_s
        hits[2] += 1
        self.cached[adapter] = None
        if len(self.cached) > inputs.cached_adapters:
            self.cached.popitem(last=False)
        return inputs.service_s + inputs.swap_miss_s


class SimulatedEndpoint:
    """A queue and its instances, as `local_aws.sagemaker.fleet` runs them: the engine's Capacity.

    One change at a time: until the last new instance serves and the last leaving one is idle, the
    endpoint is `Updating` and cannot be scaled. An idle instance that waited longest takes the
    next request; the newest instances leave first. Billed from when it was asked for until it left.
    """

    def __init__(
        self, inputs: Inputs, start: int, later: Later, begun: Begun, adapters: list[int], seed: int
    ) -> None:
        self._inputs, self._later, self._begun = inputs, later, begun
        self._adapters = adapters
        self._random = random.Random(seed)
        self.now = 0.0
        self.queue: deque[tuple[int, float]] = deque()
        self._machines: list[Machine] = [Machine(0.0, ready=True) for _ in range(start)]
        self._idle = deque(self._machines)
        self._pending = 0
        self.processing = 0
        self.serving = self.target = start
        self.wakes = 0
        self.billed_s = 0.0
        self.hits = [0, 0, 0]
        self.expired: list[int] = []

    # --- Capacity

    def desired(self, _variant: Variant) -> int | None:
        """None while it is being changed."""
        return None if self._pending else self.target

    def set_desired(self, _variant: Variant, count: int) -> None:
        """Begin to start or to drain instances."""
        change, self.target = count - self.target, count
        if change > 0:
            self.wakes += self.serving == 0
            for _ in range(change):
                self._start()
            return
        for machine in self._machines[change:]:
            machine.leaving = True
            self.serving -= 1
            if machine.busy:
                self._pending += 1
            else:
                self._idle.remove(machine)
                self._left(machine, self.now)
        del self._machines[change:]

    def _start(self) -> None:
        machine = Machine(self.now)
        self._machines.append(machine)
        self._pending += 1
        inputs = self._inputs
        takes = self._random.uniform(inputs.wake_least_s, inputs.wake_most_s)

        def ready(now: float) -> None:
            self._pending -= 1
            self.serving += 1
            machine.ready = True
            self._next(machine, now)

        self._later(self.now + takes, ready)

    def _left(self, machine: Machine, now: float) -> None:
        self.billed_s += now - machine.asked

    # --- requests

    @property
    def load(self) -> int:
        """Requests queued or being processed."""
        return len(self.queue) + self.processing

    def arrive(self, request: int, now: float) -> None:
        """A request is queued, and begins at once if an instance is idle."""
        self.queue.append((request, now))
        if self._idle:
            self._next(self._idle.popleft(), now)

    def _next(self, machine: Machine, now: float) -> None:
        while self.queue:
            request, since = self.queue.popleft()
            if now - since > self._inputs.ttl_s:
                self.expired.append(request)
                continue
            seconds = machine.seconds(self._adapters[request], self._inputs, self.hits)
            machine.busy = True
            self.processing += 1
            self._begun(request, now, seconds)
            self._later(now + seconds, lambda at: self._free(machine, at))
            return
        self._idle.append(machine)

    def _free(self, machine: Machine, now: float) -> None:
        machine.busy = False
        self.processing -= 1
        if machine.leaving:
            self._pending -= 1
            self._left(machine, now)
        else:
            self._next(machine, now)

    # --- the minute

    def expire(self, now: float) -> None:
        """Drop what waited longer than its time to live."""
        while self.queue and now - self.queue[0][1] > self._inputs.ttl_s:
            self.expired.append(self.queue.popleft()[0])

    def metrics(self, now: float) -> list[Metric]:
        """What SageMaker publishes now."""
        oldest = now - self.queue[0][1] if self.queue else 0.0
        return queue_metrics(
            ENDPOINT,
            size=self.load,
            queued=len(self.queue),
            oldest_s=oldest,
            serving=self.serving,
        )

    @property
    def asleep(self) -> bool:
        """Nothing runs and nothing waits."""
        return not (self.target or self._pending or self.serving or self.load)

    def close(self, now: float) -> None:
        """Bill what still runs."""
        for machine in self._machines:
            self._left(machine, now)
