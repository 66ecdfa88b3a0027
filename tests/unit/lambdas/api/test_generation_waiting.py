"""The API tells a waiting generation its place and its time, as far as they are known."""

from __future__ import annotations

import pytest

from lambdas.api.generations import build_app
from lambdas.domain.errors import Unavailable
from lambdas.records.recent_times import read_times, remember
from lambdas.records.waiting_line import MOST_COUNTED
from tests.unit.lambdas.api.test_generations import BODY
from tests.unit.lambdas.events.result_world import ResultWorld, told
from tests.unit.lambdas.gateway import Client
from tests.unit.lambdas.given import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> Client:
    return Client(build_app(world.generation_ports()))


def create(client: Client) -> str:
    answer = client.post("/generations", BODY)
    assert answer.status == 202, answer.body
    return str(answer.body["id"])


def test_a_place_is_told_at_once_and_a_time_only_from_measured_ones(
    world: World, client: Client
) -> None:
    world.backend.instances = 1
    made = []
    for _ in range(3):
        made.append(create(client))
        world.clock.advance(seconds=1)

    places = [client.get(f"/generations/{each}").body["waiting"] for each in made]

    assert [place["position"] for place in places] == [1, 2, 3]
    assert {place["estimate"] for place in places} == {None}
    for seconds in (8, 10, 12):
        remember(world.table, world.settings.base_model.id, service_s=seconds, wake_s=None)
    told_now = client.get(f"/generations/{made[2]}").body["waiting"]["estimate"]
    assert told_now == {"seconds": 30, "at_most_seconds": 36}


def test_one_that_wakes_the_endpoint_is_told_of_the_wake_up(world: World, client: Client) -> None:
    for _ in range(3):
        remember(world.table, world.settings.base_model.id, service_s=10, wake_s=400)
    made = create(client)
    world.clock.advance(seconds=100)

    waiting = client.get(f"/generations/{made}").body["waiting"]

    assert waiting == {"position": 1, "estimate": {"seconds": 310, "at_most_seconds": 310}}


def test_one_that_runs_or_ended_does_not_wait(world: World, client: Client) -> None:
    made = create(client)
    client.post(f"/generations/{made}/cancel", {})

    assert client.get(f"/generations/{made}").body["waiting"] is None


def test_a_line_too_long_to_count_has_no_place(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.records.waiting_line.MOST_COUNTED", 2)
    assert MOST_COUNTED > 20
    world.backend.instances = 1
    last = [create(client) for _ in range(3)][-1]

    waiting = client.get(f"/generations/{last}").body["waiting"]

    assert waiting == {"position": None, "estimate": None}


def test_the_state_is_told_when_the_place_cannot_be(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(client)

    def unavailable() -> None:
        raise Unavailable("endpoint")

    monkeypatch.setattr(world.backend, "status", unavailable)
    body = client.get(f"/generations/{made}").body

    assert body["state"] == "warming"
    assert body["waiting"] is None


def test_a_screened_result_leaves_its_time_for_the_next(world: World) -> None:
    results = ResultWorld()
    generation = results.begin()
    results.leave_answer(generation)

    results.tell(told(generation))

    times = read_times(results.table, results.settings.base_model.id)
    assert len(times.services) == 1
    assert times.wakes == ()


def test_the_endpoint_of_another_base_model_is_another_line(world: World, client: Client) -> None:
    world.backend.instances = 1
    other, mine = create(client), create(client)
    for item in world.table.items.values():
        if item.get("id") == other:
            item["plan"] = {**item["plan"], "base_model": "another"}

    assert client.get(f"/generations/{mine}").body["waiting"]["position"] == 1
