"""Several equal endpoints of one base model: who gets a generation, and who is asked about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest

from lambdas.api.endpoint_choice import FRESH_FOR
from lambdas.api.generations import build_app
from lambdas.domain.errors import Unavailable
from lambdas.domain.routing import DEFAULT_UNDISTURBED, Ring
from lambdas.records.generations import read_generation
from lambdas.records.waiting_line import MOST_COUNTED, at_hand
from tests.unit.lambdas.api.test_generations import create, ready_subject
from tests.unit.lambdas.fakes import FakeGenerationBackend, FakeTable
from tests.unit.lambdas.gateway import OWNER, Client
from tests.unit.lambdas.given import World

NAMES = ("serving-1", "serving-2", "serving-3")


@dataclass
class ThreeEndpoints(World):
    """A deployment whose base model has three."""

    backends: dict[str, FakeGenerationBackend] = field(
        default_factory=lambda: {name: FakeGenerationBackend(instances=1) for name in NAMES}
    )
    names: tuple[str, ...] = NAMES

    def client(self) -> Client:
        """The API of a function that has just started."""
        parts = replace(
            self.generation_ports(),
            endpoints_of=lambda _: self.names,
            endpoint_of=self.backends.__getitem__,
        )
        return Client(build_app(parts))

    def asked(self) -> Counter[str]:
        """How many generations each endpoint was given."""
        return Counter({name: len(each.requests) for name, each in self.backends.items()})

    def endpoint_of(self, generation_id: str) -> str:
        """The one that was given that generation."""
        (found,) = [name for name, each in self.backends.items() if generation_id in each.requests]
        return found


@pytest.fixture
def world() -> ThreeEndpoints:
    world = ThreeEndpoints()
    limits = world.settings.limits.model_copy(update={"active_generations_per_user": 1000})
    world.settings = world.settings.model_copy(update={"limits": limits})
    return world


def adapter_of(world: World, generation_id: str) -> str:
    return read_generation(world.table, OWNER, generation_id).adapter_training or ""


def test_a_subject_is_drawn_where_its_adapter_is_at_home_and_the_record_says_where(
    world: ThreeEndpoints,
) -> None:
    subject = ready_subject(world)

    for _ in range(3):
        made = create(world.client(), subject_id=subject.id)["id"]
        home = Ring(NAMES).home(adapter_of(world, made))
        assert world.endpoint_of(made) == home
        assert read_generation(world.table, OWNER, made).endpoint == home


def test_a_line_at_home_sends_the_next_ones_elsewhere_whichever_function_takes_them(
    world: ThreeEndpoints,
) -> None:
    subject = ready_subject(world)

    for _ in range(2 * DEFAULT_UNDISTURBED):
        create(world.client(), subject_id=subject.id)  # each in a function that knows only records

    assert sorted(world.asked().values()) == [0, DEFAULT_UNDISTURBED, DEFAULT_UNDISTURBED]


def test_a_warm_function_reads_the_lines_once_in_some_seconds_and_counts_its_own(
    world: ThreeEndpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0

    def counted(table: FakeTable) -> Counter[str]:
        nonlocal reads
        reads += 1
        return at_hand(table)

    monkeypatch.setattr("lambdas.api.endpoint_choice.at_hand", counted)
    client = world.client()

    for _ in range(DEFAULT_UNDISTURBED + 1):
        create(client)
    assert (reads, world.asked()) == (
        1,
        Counter({NAMES[0]: DEFAULT_UNDISTURBED, NAMES[1]: 1, NAMES[2]: 0}),
    )
    world.clock.advance(seconds=FRESH_FOR.total_seconds())
    create(client)
    assert reads == 2


def test_lines_that_cannot_be_read_leave_every_adapter_at_home(
    world: ThreeEndpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(_table: FakeTable) -> Counter[str]:
        raise Unavailable("records")

    monkeypatch.setattr("lambdas.api.endpoint_choice.at_hand", unavailable)
    subject = ready_subject(world)

    made = create(world.client(), subject_id=subject.id)["id"]

    assert world.endpoint_of(made) == Ring(NAMES).home(adapter_of(world, made))


def test_one_endpoint_costs_no_look_at_the_lines(
    world: ThreeEndpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("lambdas.api.endpoint_choice.at_hand")
    world.names = NAMES[:1]

    assert world.endpoint_of(create(world.client())["id"]) == NAMES[0]


def test_whether_it_sleeps_is_asked_of_the_endpoint_that_took_it(world: ThreeEndpoints) -> None:
    client = world.client()
    made = create(client)["id"]
    taken = world.endpoint_of(made)
    for name in set(NAMES) - {taken}:
        world.backends[name].instances = 0
    assert client.get(f"/generations/{made}").body["state"] == "queued"

    world.backends[taken].instances = 0

    assert client.get(f"/generations/{made}").body["state"] == "warming"


def test_only_those_before_it_at_the_same_endpoint_are_ahead(world: ThreeEndpoints) -> None:
    client = world.client()
    made = []
    for _ in range(DEFAULT_UNDISTURBED + 2):
        made.append(create(client)["id"])
        world.clock.advance(seconds=0.1)

    places = [client.get(f"/generations/{each}").body["waiting"]["position"] for each in made]

    assert places == [*range(1, DEFAULT_UNDISTURBED + 1), 1, 2]


def test_one_can_be_cancelled_and_read_when_its_endpoint_has_left(world: ThreeEndpoints) -> None:
    made = create(world.client())["id"]
    world.names = NAMES[1:]
    client = world.client()

    assert client.get(f"/generations/{made}").body["waiting"] is None
    assert client.post(f"/generations/{made}/cancel", {}).status == 200
    assert client.get(f"/generations/{made}").body["state"] == "cancelled"


def test_of_a_long_line_the_oldest_are_counted(world: ThreeEndpoints) -> None:
    client = world.client()
    for _ in range(MOST_COUNTED + 10):
        create(client)

    assert at_hand(world.table).total() == MOST_COUNTED
