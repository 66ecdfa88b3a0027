"""The loop: arrivals, ends of work and full minutes, in order of time."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.fleet.machines import SimulatedEndpoint
from benchmarks.fleet.outcome import Outcome
from benchmarks.fleet.scaler import Scaler

if TYPE_CHECKING:
    from benchmarks.fleet.inputs import Inputs
    from benchmarks.fleet.policies import Policies
    from benchmarks.fleet.traffic import Trace

MINUTE_S = 60.0
# The laptop's clock ticks a second after each full minute, so that one falls into every period.
_TICK_S = 1.0
# After the last request, an endpoint is watched so long for its way back to zero.
_TAIL_S = 3 * 3600.0

# Which endpoint a request goes to: its adapter, the requests that each has at hand, and when it is.
Route = Callable[[int, Sequence[int], float], int]


class SimulatedClock:
    """The engine's clock: it passes when told."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Seconds since the trace began."""
        return self.time

    def real_seconds(self, aws_seconds: float) -> float:
        """Nobody waits here."""
        return aws_seconds


@dataclass(frozen=True)
class Setup:
    """What is compared: `policies` None is a fixed number of instances, always on."""

    name: str
    policies: Policies | None
    fixed: int = 0
    endpoints: int = 1
    route: Route | None = None


class _Member:
    """One endpoint with its scaler; asleep for long enough, its minutes are skipped."""

    def __init__(self, endpoint: SimulatedEndpoint, scaler: Scaler | None) -> None:
        self.endpoint, self._scaler = endpoint, scaler
        self._asleep_since = math.inf

    def minute(self, now: float) -> None:
        endpoint, scaler = self.endpoint, self._scaler
        endpoint.now = now
        endpoint.expire(now)
        if scaler is None:
            return
        if not endpoint.asleep:
            if now - self._asleep_since > scaler.memory_s:
                self._remember(now, scaler)
            self._asleep_since = math.inf
        elif math.isinf(self._asleep_since):
            self._asleep_since = now
        elif now - self._asleep_since > scaler.memory_s:
            return  # every alarm sees zeros only, and would go on to do so
        scaler.minute(endpoint.metrics(now))

    def _remember(self, now: float, scaler: Scaler) -> None:
        """The zeros that were published while nobody looked."""
        minutes = int(min(scaler.memory_s, now - self._asleep_since) // MINUTE_S)
        zeros = [replace(metric, value=0.0) for metric in self.endpoint.metrics(now)]
        for back in range(minutes, 0, -1):
            scaler.record(zeros, now - back * MINUTE_S)


def simulate(trace: Trace, setup: Setup, inputs: Inputs, seed: int = 0) -> Outcome:
    """Replay the trace.

    Raises:
        ValueError: policies for more than one instance at a time of a machine are not modelled.
    """
    clock = SimulatedClock()
    heap: list[tuple[float, int, Callable[[float], None]]] = []
    number = 0

    def later(at: float, what: Callable[[float], None]) -> None:
        nonlocal number
        number += 1
        heapq.heappush(heap, (at, number, what))

    count = len(trace)
    began, took = np.full(count, np.nan), np.zeros(count)

    def begun(request: int, now: float, seconds: float) -> None:
        began[request], took[request] = now, seconds

    adapters: list[int] = trace.adapter.tolist()
    members: list[_Member] = []
    for place in range(setup.endpoints):
        endpoint = SimulatedEndpoint(inputs, setup.fixed, later, begun, adapters, seed + place)
        scaler = Scaler(setup.policies, clock, endpoint) if setup.policies else None
        members.append(_Member(endpoint, scaler))
    endpoints = [member.endpoint for member in members]
    route = setup.route
    awake = np.zeros(count, dtype=bool)
    minutes: list[tuple[int, int]] = []

    arrivals: list[float] = trace.at.tolist()
    arrivals.append(math.inf)
    position, tick = 0, MINUTE_S + _TICK_S
    end = max(trace.span_s, arrivals[-2] if count else 0.0)
    while True:
        next_heap = heap[0][0] if heap else math.inf
        at = arrivals[position]
        if at <= next_heap and at <= tick:
            place = route(adapters[position], [e.load for e in endpoints], at) if route else 0
            awake[position] = endpoints[place].serving > 0
            endpoints[place].arrive(position, at)
            position += 1
        elif next_heap <= tick:
            heapq.heappop(heap)[2](next_heap)
        else:
            clock.time = tick
            for member in members:
                member.minute(tick)
            minutes.append((sum(e.serving for e in endpoints), sum(e.target for e in endpoints)))
            idle = not any(e.load for e in endpoints)
            rested = all(e.asleep for e in endpoints) or tick > end + _TAIL_S
            if tick > end and idle and (rested or setup.policies is None):
                break
            tick += MINUTE_S
    for endpoint in endpoints:
        endpoint.close(max(tick - _TICK_S - MINUTE_S, end))
    return Outcome(
        setup=setup.name,
        trace=trace.name,
        waited=began - trace.at,
        took=took,
        awake=awake,
        minutes=minutes,
        wakes=sum(e.wakes for e in endpoints),
        billed_s=sum(e.billed_s for e in endpoints),
        hits=tuple(sum(e.hits[n] for e in endpoints) for n in range(3)),
        expired=sum(len(e.expired) for e in endpoints),
        price_per_hour=inputs.price_per_hour,
    )
