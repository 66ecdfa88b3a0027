from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import pytest

from lambdas.domain.generation import GenerationState
from lambdas.domain.receipt import ErasureState, Receipt
from lambdas.domain.training import TrainingState, job_name
from lambdas.events.erasure import build_handler
from lambdas.lambda_handler import Handler
from lambdas.records import keys
from lambdas.records.account import Account, begin_account_erasure, read_account
from lambdas.records.erasures import Erasure, due_erasures
from lambdas.records.subjects import begin_subject_erasure
from lambdas.records.trainings import end_training
from lambdas.table import Put
from tests.unit.lambdas.events.erasure_world import NEVER_ENDS, Estate
from tests.unit.lambdas.gateway import OWNER, SOMEONE_ELSE
from tests.unit.lambdas.sqs import deliver


@pytest.fixture
def estate() -> Estate:
    return Estate()


def test_an_old_message_does_not_erase_what_came_after(estate: Estate) -> None:
    world = estate.world
    estate.subject()
    erasure = begin_account_erasure(world.table, OWNER, world.clock.now())
    estate.erase(erasure)
    fresh = estate.subject()
    assert estate.erase(erasure) == []
    assert fresh in " ".join(estate.items())


def test_a_message_that_names_nothing_goes_to_the_dead_letters(estate: Estate) -> None:
    for message in (
        {},
        {"kind": "x", "owner": "o", "id": "i"},
        {"kind": "subject", "owner": "a/b"},
    ):
        assert deliver(estate.handler, message) == [0]


def test_a_training_that_was_cancelled_a_moment_ago_is_waited_for_too(estate: Estate) -> None:
    world = estate.world
    subject = estate.subject()
    training = estate.training(subject)
    estate.jobs.running[job_name(training, 1)] = NEVER_ENDS
    end_training(world.table, OWNER, training, TrainingState.CANCELLED, world.clock.now())
    estate.erase(begin_subject_erasure(world.table, OWNER, subject, world.clock.now()))
    assert set(estate.due_later()) == {subject}
    assert not world.runner.stopped


class Killed(BaseException):
    """What no handler catches: the function's time is over, its machine is gone."""


class Life:
    """Ends after a number of calls of ports; None: never."""

    def __init__(self) -> None:
        self.calls = 0
        self.ends_after: int | None = None

    def spend(self) -> None:
        self.calls += 1
        if self.calls == self.ends_after:
            self.ends_after = None
            raise Killed


class Mortal:
    """A port whose every call is one of a life: it has its effect, and nothing comes after it."""

    def __init__(self, port: Any, life: Life) -> None:
        self._port, self._life = port, life

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = value(*args, **kwargs)
            self._life.spend()
            return answer

        return call


def deliver_until_taken(handler: Handler, erasure: Erasure) -> None:
    """As a queue does it: again, if the function did not survive."""
    while True:
        with suppress(Killed):
            assert deliver(handler, erasure.message()) == []
            return


def whole_erasure(kind: str, *, ends: bool, killed_after: int | None) -> tuple[Receipt, int]:
    """Erase much, interrupted once or not at all; the receipt, and how many calls it took."""
    estate, life = Estate(), Life()
    ports = {each.name: getattr(estate.ports, each.name) for each in fields(estate.ports)}
    mortal: dict[str, Any] = {
        name: Mortal(port, life)
        for name, port in ports.items()
        if name not in {"clock", "receipt_days", "postponement", "" if ends else "jobs"}
    }
    handler = build_handler(replace(estate.ports, **mortal))
    world, now = estate.world, estate.world.clock.now()
    subject = estate.subject()
    estate.generation(subject)
    training = estate.training(subject)
    estate.jobs.running[job_name(training, 1)] = 1 if ends else NEVER_ENDS
    waiting = estate.generation(subject, GenerationState.QUEUED)
    note = keys.idempotency_key(OWNER, "kept")
    world.table.write(Put({"pk": note.pk, "sk": note.sk, "record": "kept", "about": [subject]}))
    world.persistence.records["kept"] = object()  # type: ignore[assignment]
    erasure = (
        begin_subject_erasure(world.table, OWNER, subject, now)
        if kind == "subject"
        else begin_account_erasure(world.table, OWNER, now, signs_in=True)
    )
    life.ends_after = killed_after
    deliver_until_taken(handler, erasure)
    assert estate.objects() == set()
    late = [f"generations/{OWNER}/{waiting}/progress.json", f"results/{waiting}.out"]
    late += [] if ends else [f"trainings/{OWNER}/{subject}/{training}/checkpoints/last"]
    for key in late:
        estate.put(world.work, key)
    world.clock.advance(hours=8)
    for due in due_erasures(world.table, world.clock.now()):
        deliver_until_taken(handler, due)
    assert life.ends_after is None
    assert estate.objects() == set()
    assert estate.items() == (["ACCOUNT"] if kind == "subject" else [])
    assert world.persistence.records == {}
    assert read_account(world.table, OWNER) == Account()
    assert estate.sign_ins.people == (
        {OWNER, SOMEONE_ELSE} if kind == "subject" else {SOMEONE_ELSE}
    )
    receipt = estate.receipt(erasure)
    assert receipt.state is ErasureState.COMPLETED
    estate.check(receipt)
    return receipt, life.calls


@pytest.mark.parametrize(("kind", "ends"), [("subject", True), ("account", False)])
def test_an_erasure_that_is_killed_after_any_call_ends_as_if_it_had_not_been(
    kind: str, ends: bool
) -> None:
    undisturbed, calls = whole_erasure(kind, ends=ends, killed_after=None)
    for number in range(1, calls + 1):
        receipt, _ = whole_erasure(kind, ends=ends, killed_after=number)
        assert receipt.removed == undisturbed.removed, f"killed after call {number} of {calls}"


@pytest.mark.parametrize("store", ["uploads", "photos", "models", "work", "avatars"])
def test_an_erasure_without_one_of_its_stores_is_repeated_until_it_can_be_done(
    estate: Estate, store: str
) -> None:
    world = estate.world
    subject = estate.subject()
    estate.generation(subject)
    erasure = begin_account_erasure(world.table, OWNER, world.clock.now())
    estate.stores[store].available = False
    assert estate.erase(erasure) == [0]
    assert read_account(world.table, OWNER).erasing_since is not None
    estate.stores[store].available = True
    assert estate.erase(erasure) == []
    assert estate.objects() == set()
    assert estate.items() == []


def test_a_training_that_cannot_be_stopped_is_not_forgotten(estate: Estate) -> None:
    world = estate.world
    subject = estate.subject()
    estate.training(subject)
    erasure = begin_subject_erasure(world.table, OWNER, subject, world.clock.now())
    world.runner.available = False
    assert estate.erase(erasure) == [0]
    world.runner.available = True
    assert estate.erase(erasure) == []
    assert world.runner.stopped
