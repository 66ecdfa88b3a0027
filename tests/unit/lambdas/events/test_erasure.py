from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from contract.generation import Prompt, Sampler
from lambdas.domain.generation import Generation, GenerationState
from lambdas.domain.generation_plan import GenerationPlan
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.receipt import ErasureState, Receipt
from lambdas.domain.training import Training, TrainingState, job_name
from lambdas.events.erasure import ErasurePorts, build_handler
from lambdas.lambda_handler import Handler
from lambdas.ports import Invocation
from lambdas.records import keys
from lambdas.records.account import Account, begin_account_erasure, read_account, was_erased
from lambdas.records.erasures import Erasure, ErasureKind, due_erasures, tombstone
from lambdas.records.generations import (
    advance_generation,
    begin_generation_erasure,
    create_generation,
    discard_generation,
    end_generation,
    find_generation,
    note_invocation,
)
from lambdas.records.marks import find_mark, number_of
from lambdas.records.photos import all_photos, begin_photo_erasure
from lambdas.records.receipts import read_receipt
from lambdas.records.subjects import begin_subject_erasure
from lambdas.records.trainings import create_training, end_training
from lambdas.table import Put, Update
from tests.unit.lambdas.fakes import FakeObjectStore, FakeSignIns, FakeTrainingJobs, LocalSigner
from tests.unit.lambdas.gateway import OWNER, SOMEONE_ELSE
from tests.unit.lambdas.given import World
from tests.unit.lambdas.sqs import deliver


@dataclass
class Estate:
    """What one user has, in every place where it can lie."""

    world: World = field(default_factory=World)
    photos: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("photos"))
    jobs: FakeTrainingJobs = field(default_factory=FakeTrainingJobs)
    sign_ins: FakeSignIns = field(default_factory=lambda: FakeSignIns({OWNER, SOMEONE_ELSE}))
    signer: LocalSigner = field(default_factory=LocalSigner)

    def __post_init__(self) -> None:
        world = self.world
        self.ports = ErasurePorts(
            table=world.table,
            idempotency=world.persistence,
            uploads=world.uploads,
            photos=self.photos,
            models=world.models,
            work=world.work,
            avatars=world.avatars,
            runner=world.runner,
            jobs=self.jobs,
            sign_ins=self.sign_ins,
            signer=self.signer,
            clock=world.clock,
            receipt_days=400,
        )
        self.handler = build_handler(self.ports)

    @property
    def stores(self) -> dict[str, FakeObjectStore]:
        world = self.world
        return {
            "uploads": world.uploads,
            "photos": self.photos,
            "models": world.models,
            "work": world.work,
            "avatars": world.avatars,
        }

    def objects(self) -> set[str]:
        return {
            f"{name}:{key}"
            for name, store in self.stores.items()
            for key in (*store.objects_by_key, *store.old_versions)
        }

    def put(self, store: FakeObjectStore, key: str) -> None:
        """An object that was written twice: there is an old version of it, too."""
        for body in (b"old", b"new"):
            store.write(key, body, content_type="x")

    def subject(self, owner: str = OWNER) -> str:
        """A subject with two photos, a waiting upload and a trained adapter."""
        world = self.world
        subject = world.subject(accepted=2, owner=owner)
        for photo in all_photos(world.table, owner, subject.id):
            self.put(self.photos, f"{owner}/{subject.id}/{photo.id}.jpg")
        self.put(world.uploads, f"photos/{owner}/{subject.id}/pho_x")
        training = self.training(subject.id, owner)
        end_training(
            world.table, owner, training, TrainingState.SUCCEEDED, world.clock.now(), adapter=None
        )
        self.put(world.models, f"adapters/{owner}/{subject.id}/{training}/adapter.safetensors")
        return subject.id

    def training(self, subject: str, owner: str = OWNER) -> str:
        world, now = self.world, self.world.clock.now()
        training = new_id(Prefix.TRAINING, now)
        create_training(world.table, Training(training, subject, owner, now, now), limit=9)
        world.runner.start(training, {})
        world.table.write(
            Update(keys.training_key(owner, training), set={"state": TrainingState.RUNNING.value})
        )
        self.put(world.work, f"trainings/{owner}/{subject}/{training}/checkpoints/1")
        return training

    def generation(
        self,
        subject: str | None,
        state: GenerationState = GenerationState.SUCCEEDED,
        owner: str = OWNER,
    ) -> str:
        world, now = self.world, self.world.clock.now()
        adapter = None
        if subject is not None:
            item = world.table.get(keys.subject_key(owner, subject)) or {}
            adapter = item["active_adapter"]
        made = Generation(
            id=new_id(Prefix.GENERATION, now),
            owner=owner,
            plan=GenerationPlan(
                subject, (Prompt("a lake", 1.0),), None, 7.0, 30, (1,), 64, 64, Sampler.DDIM
            ),
            created_at=now,
            updated_at=now,
            deadline=now + timedelta(hours=6),
            adapter_training=adapter,
        )
        create_generation(world.table, made, limit=99)
        answer = Invocation(f"s3://work/results/{made.id}.out", f"s3://work/failures/{made.id}.out")
        note_invocation(world.table, made, answer)
        self.put(world.work, f"generations/{owner}/{made.id}/request.json")
        self.put(world.work, f"results/{made.id}.out")
        self.put(world.work, f"failures/{made.id}.out")
        if state is not GenerationState.QUEUED:
            screening = GenerationState.SCREENING
            advance_generation(world.table, made, screening, now)
            end_generation(world.table, owner, made.id, state, now)
            self.put(world.avatars, f"{owner}/{made.id}/img_1.png")
            self.put(world.work, f"reviews/{owner}/{made.id}/img_2.png")
        return made.id

    def erase(self, erasure: Erasure) -> list[int]:
        return deliver(self.handler, erasure.message())

    def receipt(self, erasure: Erasure) -> Receipt:
        return read_receipt(self.world.table, erasure.receipt_id or "")

    def state(self, erasure: Erasure) -> ErasureState:
        return self.receipt(erasure).state

    def check(self, receipt: Receipt) -> None:
        """Raises InvalidSignature for anything that the key did not sign."""
        assert receipt.signed is not None
        self.signer.key.public_key().verify(
            base64.b64decode(receipt.signed.signature),
            receipt.signed.document.encode(),
            ec.ECDSA(hashes.SHA256()),
        )

    def items(self, owner: str = OWNER) -> list[str]:
        return [item["sk"] for item in self.world.table.partition(keys.owner_partition(owner))]

    def due_later(self) -> dict[str, Erasure]:
        return {
            erasure.id: erasure
            for erasure in due_erasures(
                self.world.table, self.world.clock.now() + timedelta(days=1)
            )
        }


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


NEVER_ENDS = 10**6


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
