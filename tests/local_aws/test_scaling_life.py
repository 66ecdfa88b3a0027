"""The life of an endpoint by the deployed policies, minute by minute, without processes.

Hosting, queue and fleet are the embedded SageMaker's, alarms and policies those of the template;
a container is an object here (`test_autoscaling_endpoints.py` has real ones).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from benchmarks.fleet.policies import ENDPOINT, Policies, deployed, settings_of
from benchmarks.fleet.scaler import Scaler
from local_aws.autoscaling.doors import EndpointCapacity
from local_aws.autoscaling.targets import Variant
from local_aws.sagemaker.async_request import AsyncRequest
from local_aws.sagemaker.fleet import StartError
from local_aws.sagemaker.variant import Variant as Deployed
from tests.local_aws.sagemaker_world import until
from tests.local_aws.test_sagemaker_engine import TOPIC, FakeContainer, HostingWorld


@pytest.fixture(scope="module")
def policies() -> Policies:
    return replace(deployed(settings_of("prod").endpoint, "prod"), most=3)


class Life(HostingWorld):
    """An endpoint and its scaler; a minute passes when told."""

    def __init__(self, policies: Policies, count: int = 1) -> None:
        self.no_capacity = False
        super().__init__(count, name=ENDPOINT)
        self.clock.time = 60_000.0  # a full five minutes
        capacity = EndpointCapacity(self.hosting)

        class Named:
            """The scaler's capacity: its variant has another name."""

            def desired(self, _variant: Variant) -> int | None:
                return capacity.desired(Variant(ENDPOINT, "v"))

            def set_desired(self, _variant: Variant, count: int) -> None:
                capacity.set_desired(Variant(ENDPOINT, "v"), count)

        self.scaler = Scaler(policies, self.clock, Named())

    def _start(self, variant: Deployed, stream: str) -> FakeContainer:
        if self.no_capacity:
            raise StartError("InsufficientInstanceCapacity")
        return super()._start(variant, stream)

    def minutes(self, number: int) -> list[int]:
        """Let minutes pass; the wanted instances after each."""
        counts = []
        for _ in range(number):
            self.clock.time += 60
            seen = len(self.platform.seen)
            self.hosting.tick()
            self.scaler.minute(self.platform.seen[seen:])
            self.endpoint.wait(0.05 if not self.gate.is_set() else 5)
            counts.append(self.endpoint.fleet.desired)
        return counts

    def asleep(self) -> None:
        """Wait for zero."""
        assert 0 in self.minutes(25)
        until(lambda: self.endpoint.fleet.count() == 0)

    @property
    def failures(self) -> list[str]:
        return [
            message["failureReason"]
            for topic, message in self.platform.published
            if topic == f"{TOPIC}no"
        ]


@pytest.fixture
def life(policies: Policies) -> Iterator[Life]:
    found = Life(policies)
    yield found
    found.gate.set()
    found.hosting.close()


def answered(*requests: AsyncRequest) -> bool:
    return all(request.done.wait(5) for request in requests)


def test_an_idle_endpoint_goes_to_zero_and_stays_there(life: Life) -> None:
    counts = life.minutes(40)

    assert counts.index(0) >= 14, "three periods of five minutes come first"
    assert counts.index(0) <= 21
    assert set(counts[counts.index(0) :]) == {0}
    assert not any(container.running for container in life.started)


def test_a_request_wakes_it_within_three_minutes_and_is_served(life: Life) -> None:
    life.asleep()

    request = life.invoke()

    assert 1 in life.minutes(3)
    assert answered(request)
    assert len(life.started) == 2


def test_a_backlog_brings_more_instances_up_to_the_most(life: Life) -> None:
    life.gate.clear()
    requests = [life.invoke() for _ in range(40)]

    counts = life.minutes(5)

    assert max(counts) == 3
    assert until(lambda: life.endpoint.fleet.count() == 3)
    life.gate.set()
    assert answered(*requests)


def test_a_busy_endpoint_keeps_its_instance(life: Life) -> None:
    for _ in range(8):
        life.gate.clear()
        request = life.invoke()
        until(partial(getattr, request, "taken"))
        assert life.minutes(5) == [1] * 5
        life.gate.set()
        assert answered(request)


def test_scaling_in_does_not_end_work_in_flight(policies: Policies) -> None:
    life = Life(policies, count=2)
    life.gate.clear()
    request = life.invoke()
    until(lambda: request.taken)

    life.hosting.scale(ENDPOINT, "v", 0)
    assert life.endpoint.wait(0.2) == "Updating"

    assert not request.done.is_set()
    life.gate.set()
    assert answered(request)
    assert request.attempts == 1
    assert life.failures == []
    until(lambda: not any(container.running for container in life.started))
    life.hosting.close()


def test_a_request_that_arrives_while_the_last_instance_leaves_is_served(life: Life) -> None:
    life.gate.clear()
    first = life.invoke()
    until(lambda: first.taken)
    life.hosting.scale(ENDPOINT, "v", 0)
    until(lambda: life.endpoint.fleet.count() == 0)

    late = life.invoke()

    assert life.minutes(3) == [0, 0, 0], "nothing can be changed while it drains"
    life.gate.set()
    assert answered(first)
    life.endpoint.wait(5)
    assert 1 in life.minutes(3)
    assert answered(late)
    assert life.failures == []


def test_a_crash_at_every_start_ends_with_the_request_and_is_seen(life: Life) -> None:
    life.asleep()
    life.start_fails = True
    starts = len(life.started)

    request = life.invoke(RequestTTLSeconds=600)
    life.minutes(30)

    assert answered(request)
    (reason,) = life.failures
    assert "expired" in reason
    assert len(life.started) - starts <= 11, "one try a minute, for as long as somebody waits"
    after = len(life.started)
    assert life.minutes(20) == [0] * 20
    assert len(life.started) == after, "and no more once nobody does"
    assert max(life.platform.values("HasBacklogWithoutCapacity")) == 1
    assert max(life.platform.values("ApproximateAgeOfOldestRequest")) >= 540
    assert "ping health check" in life.endpoint.describe()["FailureReason"]


def test_without_capacity_a_request_waits_until_there_is_some(life: Life) -> None:
    life.asleep()
    life.no_capacity = True
    request = life.invoke()

    assert set(life.minutes(10)) == {0}

    assert not request.done.is_set()
    assert "InsufficientInstanceCapacity" in life.endpoint.describe()["FailureReason"]
    life.no_capacity = False
    assert 1 in life.minutes(3)
    assert answered(request)


def test_a_request_whose_time_is_over_in_the_queue_expires_and_the_next_is_served(
    life: Life,
) -> None:
    life.gate.clear()
    served, late, last = life.invoke(), life.invoke(RequestTTLSeconds=120), life.invoke()
    until(lambda: served.taken)

    life.minutes(3)

    assert answered(late)
    assert len(life.failures) == 1
    assert "expired in the queue after 120 seconds" in life.failures[0]
    life.gate.set()
    assert answered(served, last)
    assert life.platform.values("ExpiredRequests") == [1]
