"""A generation ends between two steps when its time is over or nobody wants it any more."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inference.server import Server
from inference.settings import ServingSettings
from inference.watching import RequestWatch
from tests.ml.serving import ADAPTERS, WORK, MemoryStore, images, refusal, request, serve

STEPS = 12


class Clock:
    """Stands still but for `each` second with every look of the UNet at a picture."""

    def __init__(self) -> None:
        self.now, self.each, self.looks = 0.0, 0.0, 0
        self.also: Callable[[int], object] = lambda _: None

    def __call__(self) -> float:
        return self.now

    def pass_on(self, *_: object) -> None:
        self.now += self.each
        self.looks += 1
        self.also(self.looks)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def server(sd_base: Path, store: MemoryStore, tmp_path: Path, clock: Clock) -> Iterator[Server]:
    server = serve(sd_base, store, tmp_path, generation_seconds=100, clock=clock)
    hook = server._generator._base.unet.register_forward_hook(clock.pass_on)
    yield server
    hook.remove()


def test_a_request_that_is_withdrawn_stops_between_steps(
    server: Server, store: MemoryStore, sd_base: Path, clock: Clock
) -> None:
    asked = request(sd_base, steps=STEPS)
    clock.each = 0.6
    clock.also = lambda _: store.objects.pop(str(asked.own_uri), None)
    assert refusal(server, asked).code == "request_withdrawn"
    # It was looked for a second after the last look, so two steps on.
    assert clock.looks == 2
    store.objects[str(asked.own_uri)] = b"{}"
    clock.also = lambda _: None
    assert images(server, asked)


def test_a_request_that_takes_too_long_fails_and_the_next_one_works(
    server: Server, sd_base: Path, clock: Clock
) -> None:
    asked = request(sd_base, steps=STEPS)
    clock.each = 30
    assert refusal(server, asked).code == "timed_out"
    assert clock.looks == 4
    clock.each = 1
    assert images(server, asked)


def test_the_store_is_asked_about_once_a_second() -> None:
    clock, asked = Clock(), []
    watch = RequestWatch(lambda: asked.append(clock.now), seconds=1000, clock=clock)
    for _ in range(40):
        watch()
        clock.now += 0.25
    assert len(asked) == 10


def test_the_time_is_a_share_of_what_the_model_server_allows() -> None:
    given = {"ADAPTER_PREFIX_URI": ADAPTERS, "WORK_PREFIX_URI": WORK, "BASE_MODEL_ID": "tiny-sd"}
    hour = ServingSettings.from_environment({**given, "MMS_DEFAULT_RESPONSE_TIMEOUT": "3600"})
    assert 3000 < hour.generation_seconds < 3600
    assert ServingSettings.from_environment(given).generation_seconds < 120
    with pytest.raises(ValueError, match="MMS_DEFAULT_RESPONSE_TIMEOUT"):
        ServingSettings.from_environment({**given, "MMS_DEFAULT_RESPONSE_TIMEOUT": "0"})
