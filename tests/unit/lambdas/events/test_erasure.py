from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

from lambdas.domain.generation import GenerationState
from lambdas.domain.receipt import ErasureState
from lambdas.domain.training import job_name
from lambdas.events.erasure import build_handler
from lambdas.records import keys
from lambdas.records.account import begin_account_erasure, read_account, was_erased
from lambdas.records.erasures import Erasure, ErasureKind, due_erasures, tombstone
from lambdas.records.generations import (
    begin_generation_erasure,
    discard_generation,
    find_generation,
)
from lambdas.records.marks import find_mark, number_of
from lambdas.records.photos import all_photos, begin_photo_erasure
from lambdas.records.subjects import begin_subject_erasure
from lambdas.table import Put, Update
from tests.unit.lambdas.events.erasure_world import NEVER_ENDS, Estate
from tests.unit.lambdas.gateway import OWNER, SOMEONE_ELSE
from tests.unit.lambdas.given import World
from tests.unit.lambdas.sqs import deliver


@pytest.fixture
def estate() -> Estate:
    return Estate()


def test_a_photo_is_erased_wherever_it_may_lie(estate: Estate) -> None:
    subject = estate.subject()
    photo, other = all_photos(estate.world.table, OWNER, subject)
    estate.put(estate.world.uploads, f"photos/{OWNER}/{subject}/{photo.id}")
    erasure = begin_photo_erasure(
        estate.world.table, OWNER, subject, photo.id, estate.world.clock.now()
    )
    assert estate.erase(erasure) == []
    left = " ".join(estate.objects())
    assert photo.id not in left
    assert other.id in left
    assert not estate.due_later()


def test_a_finished_generation_is_erased_at_once(estate: Estate) -> None:
    generation, other = estate.generation(None), estate.generation(None)
    erasure = begin_generation_erasure(
        estate.world.table, OWNER, generation, estate.world.clock.now()
    )
    assert estate.erase(erasure) == []
    assert generation not in " ".join([*estate.objects(), *estate.items()])
    assert other in " ".join(estate.objects())
    assert other in " ".join(estate.items())
    assert not estate.due_later()


def test_what_its_mark_stood_for_is_erased_with_a_generation(estate: Estate) -> None:
    world = estate.world
    found = find_generation(world.table, OWNER, estate.generation(None))
    assert found is not None
    number = number_of(world.table, found, world.clock.now())
    erasure = begin_generation_erasure(world.table, OWNER, found.id, world.clock.now())
    assert estate.erase(erasure) == []
    assert find_mark(world.table, number) is None
    assert found.id not in " ".join(map(str, world.table.items.values()))


def test_what_the_endpoint_may_still_write_is_erased_when_it_no_longer_can(estate: Estate) -> None:
    world = estate.world
    generation = estate.generation(None, GenerationState.QUEUED)
    erasure = begin_generation_erasure(world.table, OWNER, generation, world.clock.now())
    assert estate.erase(erasure) == []
    assert generation not in " ".join(estate.objects())
    assert find_generation(world.table, OWNER, generation) is None
    assert world.count("active_generations") == 0
    world.clock.advance(hours=6, minutes=59)
    assert due_erasures(world.table, world.clock.now()) == []
    estate.put(world.work, f"generations/{OWNER}/{generation}/progress.json")
    world.clock.advance(minutes=2)
    (due,) = due_erasures(world.table, world.clock.now())
    assert estate.erase(due) == []
    assert estate.objects() == set()
    assert not estate.due_later()


def test_a_subject_goes_with_everything_of_it_and_nothing_else(estate: Estate) -> None:
    world = estate.world
    subject, other = estate.subject(), estate.subject()
    generation, untied = estate.generation(subject), estate.generation(None)
    theirs = estate.subject(SOMEONE_ELSE)
    erasure = begin_subject_erasure(world.table, OWNER, subject, world.clock.now())
    assert estate.erase(erasure) == []
    everything = " ".join([*estate.objects(), *estate.items(), *estate.items(SOMEONE_ELSE)])
    assert subject not in everything
    assert generation not in everything
    for kept in (other, untied, theirs):
        assert kept in everything
    assert not [i for i in world.table.items.values() if i.get("subject_id") == subject]
    assert not estate.due_later()


def test_a_running_training_is_stopped_and_its_job_waited_for(estate: Estate) -> None:
    world = estate.world
    subject = estate.subject()
    training = estate.training(subject)
    estate.jobs.running[job_name(training, 1)] = 5
    erasure = begin_subject_erasure(world.table, OWNER, subject, world.clock.now())
    assert estate.erase(erasure) == []
    assert world.runner.stopped == [training]
    assert estate.objects() == set()
    assert estate.items() == ["ACCOUNT"]
    assert world.count("active_trainings") == 0


def test_a_job_that_takes_long_to_end_is_looked_after_later(estate: Estate) -> None:
    world = estate.world
    subject = estate.subject()
    training = estate.training(subject)
    estate.jobs.running[job_name(training, 1)] = NEVER_ENDS
    erasure = begin_subject_erasure(world.table, OWNER, subject, world.clock.now())
    estate.erase(erasure)
    assert estate.objects() == set()
    assert set(estate.due_later()) == {subject}
    estate.put(world.work, f"trainings/{OWNER}/{subject}/{training}/checkpoints/last")
    world.clock.advance(minutes=11)
    (due,) = due_erasures(world.table, world.clock.now())
    estate.erase(due)
    assert estate.objects() == set()
    assert estate.items() == ["ACCOUNT"]


def test_a_subject_whose_request_waits_at_the_endpoint_is_looked_at_again(
    estate: Estate,
) -> None:
    world = estate.world
    subject = estate.subject()
    generation = estate.generation(subject, GenerationState.QUEUED)
    erasure = begin_subject_erasure(world.table, OWNER, subject, world.clock.now())
    estate.erase(erasure)
    assert world.count("active_generations") == 0
    assert estate.objects() == set()
    assert estate.state(erasure) is ErasureState.WAITING
    assert set(estate.due_later()) == {subject}
    for late in (f"generations/{OWNER}/{generation}/progress.json", f"results/{generation}.out"):
        estate.put(world.work, late)
    world.clock.advance(hours=7, minutes=1)
    estate.erase(erasure)
    assert estate.objects() == set()
    assert estate.state(erasure) is ErasureState.COMPLETED
    assert not estate.due_later()


def test_an_account_goes_completely(estate: Estate) -> None:
    world = estate.world
    for _ in range(2):
        estate.generation(estate.subject())
    for _ in range(30):
        estate.generation(None)
    theirs = estate.subject(SOMEONE_ELSE)
    note = keys.idempotency_key(OWNER, f"{OWNER}#POST /x#1")
    world.table.write(Put({"pk": note.pk, "sk": note.sk, "record": f"{OWNER}#POST /x#1"}))
    world.persistence.records[f"{OWNER}#POST /x#1"] = object()  # type: ignore[assignment]
    world.persistence.records[f"{SOMEONE_ELSE}#POST /x#1"] = object()  # type: ignore[assignment]
    estate.erase(begin_account_erasure(world.table, OWNER, world.clock.now()))
    assert estate.items() == []
    assert OWNER not in " ".join([*estate.objects(), *world.persistence.records])
    assert theirs in " ".join([*estate.objects(), *estate.items(SOMEONE_ELSE)])
    assert list(world.persistence.records) == [f"{SOMEONE_ELSE}#POST /x#1"]


def test_an_account_stays_closed_until_the_last_of_it_is_gone(estate: Estate) -> None:
    world = estate.world
    subject = estate.subject()
    training = estate.training(subject)
    estate.jobs.running[job_name(training, 1)] = NEVER_ENDS
    estate.generation(subject, GenerationState.QUEUED)
    erasure = begin_account_erasure(world.table, OWNER, world.clock.now(), signs_in=True)
    estate.erase(erasure)
    assert world.runner.stopped == [training]
    assert estate.sign_ins.people == {SOMEONE_ELSE}
    assert was_erased(world.table, OWNER)
    assert read_account(world.table, OWNER).erasing_since is not None
    assert begin_account_erasure(world.table, OWNER, world.clock.now()) == erasure
    assert estate.state(erasure) is ErasureState.WAITING
    world.clock.advance(hours=8)
    for due in due_erasures(world.table, world.clock.now()):
        assert estate.erase(due) == []
    assert not estate.due_later()
    assert estate.items() == []
    assert estate.state(erasure) is ErasureState.COMPLETED


def test_a_servers_account_goes_without_anybodys_sign_in(estate: Estate) -> None:
    world = estate.world
    estate.erase(begin_account_erasure(world.table, OWNER, world.clock.now()))
    assert OWNER in estate.sign_ins.people
    assert not was_erased(world.table, OWNER)


def test_an_account_takes_the_erasures_with_it_that_were_begun_before(estate: Estate) -> None:
    world = estate.world
    subject = estate.subject()
    generation = estate.generation(None, GenerationState.QUEUED)
    earlier = begin_subject_erasure(world.table, OWNER, subject, world.clock.now())
    begin_generation_erasure(world.table, OWNER, generation, world.clock.now())
    account = begin_account_erasure(world.table, OWNER, world.clock.now())
    estate.erase(account)
    assert estate.state(earlier) is ErasureState.COMPLETED
    assert estate.state(account) is ErasureState.WAITING
    world.clock.advance(hours=8)
    estate.erase(account)
    assert estate.state(account) is ErasureState.COMPLETED
    assert estate.items() == []
    assert estate.objects() == set()


def test_an_account_waits_for_a_request_that_the_endpoint_may_have_taken_unsaid(
    estate: Estate,
) -> None:
    world = estate.world
    generation = estate.generation(None, GenerationState.QUEUED)
    unsaid = find_generation(world.table, OWNER, generation)
    assert unsaid is not None
    discard_generation(world.table, unsaid)
    account = begin_account_erasure(world.table, OWNER, world.clock.now())
    estate.erase(account)
    assert estate.state(account) is ErasureState.WAITING
    world.clock.advance(hours=6, minutes=30)
    estate.erase(account)
    assert estate.state(account) is ErasureState.COMPLETED
    assert estate.items() == []


def test_whatever_is_kept_beside_a_subject_or_an_account_goes_with_it(estate: Estate) -> None:
    world = estate.world
    subject, other = estate.subject(), estate.subject()
    generation = estate.generation(subject)
    partition = keys.owner_partition(OWNER)
    for sk, more in {
        f"REVIEW#{generation}#img_1": {},
        f"NOTE#{subject}#1": {},
        "REPORT#1": {"generation_id": generation},
        "REPORT#2": {"subject_id": subject},
        f"REVIEW#{other}": {},
        "UNRELATED#1": {},
    }.items():
        world.table.write(Put({"pk": partition, "sk": sk, **more}))
    erasure = begin_subject_erasure(world.table, OWNER, subject, world.clock.now())
    estate.erase(erasure)
    left = {sk for sk in estate.items() if sk.startswith(("REVIEW", "NOTE", "REPORT", "UNREL"))}
    assert left == {f"REVIEW#{other}", "UNRELATED#1"}
    assert estate.receipt(erasure).removed is not None
    assert (estate.receipt(erasure).removed or {})["records/report"] == 2
    estate.erase(begin_account_erasure(world.table, OWNER, world.clock.now()))
    assert estate.items() == []


def test_answers_that_tell_of_it_are_forgotten_and_others_kept(estate: Estate) -> None:
    world = estate.world
    subject, other = estate.subject(), estate.subject()
    generation = estate.generation(subject)
    notes: dict[str, dict[str, Any]] = {
        "its-own": {"about": [subject]},
        "of-its-generation": {"about": [generation]},
        "unfinished": {},
        "of-another": {"about": [other]},
    }
    for record, note in notes.items():
        key = keys.idempotency_key(OWNER, record)
        world.table.write(Put({"pk": key.pk, "sk": key.sk, "record": record, **note}))
        world.persistence.records[record] = object()  # type: ignore[assignment]
    estate.erase(begin_subject_erasure(world.table, OWNER, subject, world.clock.now()))
    assert set(world.persistence.records) == {"of-another"}
    assert [sk for sk in estate.items() if sk.startswith(keys.IDEMPOTENCY)] == [
        f"{keys.IDEMPOTENCY}of-another"
    ]


class AnsweredMeanwhile:
    """Answers are kept, and noted, between the forgetting of a record and that of its note."""

    def __init__(self, world: World, about: str) -> None:
        self._world, self._about = world, about

    def forget(self, ids: Iterable[str]) -> None:
        for record in ids:
            key = keys.idempotency_key(OWNER, record)
            self._world.table.write(Update(key, set={"about": [self._about]}))


def test_what_is_answered_while_it_is_looked_at_is_judged_by_what_it_tells_of(
    estate: Estate,
) -> None:
    world = estate.world
    subject, other = estate.subject(), estate.subject()
    note = keys.idempotency_key(OWNER, "under-way")
    world.table.write(Put({"pk": note.pk, "sk": note.sk, "record": "under-way"}))
    erasure = begin_subject_erasure(world.table, OWNER, subject, world.clock.now())
    racing = replace(estate.ports, idempotency=AnsweredMeanwhile(world, other))
    assert deliver(build_handler(racing), erasure.message()) == [0]
    estate.erase(erasure)
    assert world.table.get(note) is not None


def test_a_receipt_counts_every_version_of_everything_and_names_nobody(estate: Estate) -> None:
    world = estate.world
    subject = estate.subject()
    estate.generation(subject)
    erasure = begin_subject_erasure(world.table, OWNER, subject, world.clock.now())
    assert estate.state(erasure) is ErasureState.REQUESTED
    world.clock.advance(minutes=1)
    estate.erase(erasure)
    receipt = estate.receipt(erasure)
    assert receipt.removed == {
        "uploads/upload": 2,
        "photos/photo": 4,
        "models/adapter": 2,
        "work/training": 2,
        "work/request": 2,
        "work/review": 2,
        "work/answer": 4,
        "avatars/image": 2,
        "records/subject": 1,
        "records/photo": 2,
        "records/training": 1,
        "records/generation": 1,
    }
    assert receipt.completed_at == world.clock.now()
    kept = json.dumps(world.table.get(keys.receipt_key(receipt.id)), default=str)
    assert subject not in kept
    assert OWNER not in kept
    assert receipt.signed is not None
    document = json.loads(receipt.signed.document)
    assert document["target_sha256"] == hashlib.sha256(subject.encode()).hexdigest()
    assert document["erasure_id"] == erasure.receipt_id
    estate.check(receipt)
    forged = receipt.signed.document.replace('"count":4', '"count":5')
    with pytest.raises(InvalidSignature):
        estate.check(replace(receipt, signed=replace(receipt.signed, document=forged)))


def test_an_adapter_goes_without_its_subject(estate: Estate) -> None:
    world = estate.world
    subject = estate.subject()
    (training,) = [i for i in estate.items() if i.startswith(keys.TRAININGS)]
    erasure = Erasure(ErasureKind.ADAPTER, OWNER, training.removeprefix(keys.TRAININGS), subject)
    world.table.write(tombstone(erasure, due=world.clock.now()))
    estate.erase(erasure)
    assert not [key for key in estate.objects() if "adapters/" in key or "trainings/" in key]
    assert [key for key in estate.objects() if key.startswith("photos:")]
    assert not estate.due_later()
