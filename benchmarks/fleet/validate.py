"""The same trace twice: through real processes on this machine, and through the simulator.

The endpoint, its queue and Auto Scaling run in a private embedded AWS on a faster clock; the server
sleeps. What the simulator cannot know of this machine (how long a process takes to start, what a
request costs besides its sleep) is measured first and given to it; everything else must agree.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.fleet.inputs import Inputs
from benchmarks.fleet.real import RealEndpoint
from benchmarks.fleet.simulation import MINUTE_S, Setup, simulate
from benchmarks.fleet.traffic import Trace
from local_aws.testing import embedded_aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.fleet.policies import Policies

_CALIBRATING = 4


@dataclass(frozen=True)
class Drill:
    """Bursts as (minute, requests), the speed of the clock, and the dummy's service time."""

    bursts: tuple[tuple[float, int], ...]
    speed: float
    service_s: float
    tail_minutes: float = 30.0

    def trace(self) -> Trace:
        """Requests of a burst come a second of AWS time apart."""
        at = [60 * minute + n for minute, requests in self.bursts for n in range(requests)]
        count = len(at)
        return Trace(
            "drill", np.array(at, dtype=float), np.zeros(count, dtype=np.int64), max(at) + 1.0
        )


# A lone request, a visit of a few, a rush that needs every instance; each from zero, and one that
# comes while the fleet still rests.
DRILL = Drill(((1, 1), (32, 5), (64, 60), (84, 4), (122, 2)), speed=30.0, service_s=30.0)


def validate(policies: Policies, drill: Drill) -> dict[str, Any]:
    """Run both; the figures of each, and the differences. Takes the trace's length over speed."""
    trace = drill.trace()
    with embedded_aws(speed=drill.speed) as aws:
        endpoint = RealEndpoint(aws, drill.speed, drill.service_s)
        for number in range(_CALIBRATING):
            endpoint.invoke(-1 - number)
        waited = sorted(endpoint.answers(_CALIBRATING).values())
        # They queue on one instance: from one end to the next is what one takes in all.
        service = median(np.diff(waited)) if len(waited) > 1 else drill.service_s
        endpoint.scale_by(policies)
        _wait_for_zero(endpoint, drill)
        latencies, real_minutes = _replayed(endpoint, trace, drill)
    inputs = Inputs(
        service_s=float(service),
        wake_least_s=endpoint.start_s,
        wake_most_s=endpoint.start_s,
        swap_hit_s=0.0,
        swap_miss_s=0.0,
    )
    outcome = simulate(trace, Setup("simulated", policies), inputs)
    simulated = outcome.waited + outcome.took
    length = max(len(real_minutes), len(outcome.minutes))
    real_minutes, minutes = _stretched(real_minutes, length), _stretched(outcome.minutes, length)
    return {
        "requests": len(trace),
        "speed": drill.speed,
        "service_s": round(float(service), 1),
        "start_s": round(endpoint.start_s, 1),
        "real": _figures(latencies, service, real_minutes),
        "simulated": _figures(simulated.tolist(), service, minutes),
        "minutes": {
            "real": [serving for serving, _ in real_minutes],
            "simulated": [serving for serving, _ in minutes],
        },
    }


def _stretched(minutes: list[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """As if it had been watched for longer: the last count goes on."""
    return [*minutes, *[minutes[-1] if minutes else (0, 0)] * (length - len(minutes))]


def _wait_for_zero(endpoint: RealEndpoint, drill: Drill) -> None:
    deadline = time.monotonic() + 60 * 60 / drill.speed
    while endpoint.instances() != (0, 0):
        if time.monotonic() > deadline:
            raise TimeoutError("the endpoint did not go to zero within an hour of AWS time")
        time.sleep(MINUTE_S / drill.speed / 4)


def _replayed(
    endpoint: RealEndpoint, trace: Trace, drill: Drill
) -> tuple[list[float], list[tuple[int, int]]]:
    """Send the trace; latencies in its order, and instances (in service, wanted) by minute."""
    minutes: list[tuple[int, int]] = []
    began, done = time.monotonic(), threading.Event()

    def watch() -> None:
        while not done.wait(
            max(0.0, began + (len(minutes) + 1) * MINUTE_S / drill.speed - time.monotonic())
        ):
            minutes.append(endpoint.instances())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    for number, at in enumerate(trace.at):
        time.sleep(max(0.0, began + at / drill.speed - time.monotonic()))
        endpoint.invoke(number)
    found = endpoint.answers(len(trace))
    end = began + (trace.span_s + drill.tail_minutes * MINUTE_S) / drill.speed
    time.sleep(max(0.0, end - time.monotonic()))
    done.set()
    watcher.join()
    return [found[number] for number in range(len(trace))], minutes


def _figures(
    latencies: Sequence[float], service: float, minutes: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    waits = np.maximum(0.0, np.array(latencies) - service)
    serving = [count for count, _ in minutes]
    wanted = [0, *(count for _, count in minutes)]
    return {
        "wait_p50_s": round(float(np.quantile(waits, 0.5)), 1),
        "wait_p95_s": round(float(np.quantile(waits, 0.95)), 1),
        "mean_instances": round(float(np.mean(serving)), 2) if serving else 0.0,
        "most_instances": max(serving, default=0),
        "wakes": sum(before == 0 and after > 0 for before, after in itertools.pairwise(wanted)),
    }
