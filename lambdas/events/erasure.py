"""Erasure of a photo, a generation, a subject, an account: every copy, version and record.

Objects go first, then records, then the tombstone that brought us here, so that an interruption at
any point is followed by another run that finds what is left. What may still be written for a while
(by a training that is being stopped, by a request that waits for the endpoint, which nobody can
cancel) keeps a tombstone of its own, due when that is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from contract.s3_location import S3Location
from lambdas import telemetry, wiring
from lambdas.domain import locations, moments
from lambdas.domain.generation import SHOWING_GENERATION_STATES, GenerationState
from lambdas.domain.training import ACTIVE_TRAINING_STATES, TrainingState, job_name
from lambdas.events.queue_batch import queue_handler
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records import keys
from lambdas.records.erasures import (
    Erasure,
    ErasureKind,
    bury,
    is_pending,
    keep_until,
    kept_until,
    tombstone,
)
from lambdas.records.generations import end_generation
from lambdas.records.trainings import end_training
from lambdas.table import Delete, Item, Key

if TYPE_CHECKING:
    from lambdas.ports import (
        Clock,
        IdempotencyRecords,
        ObjectStore,
        Postponement,
        Table,
        TrainingJobs,
        TrainingRunner,
    )

# A stopped training job has 120 s to save a checkpoint (SageMaker "StopTrainingJob"), which is then
# uploaded.
_STOPPING = timedelta(minutes=10)
# The endpoint may start on a request until its deadline, and work on it for that long.
_INVOCATION = timedelta(hours=1)
# How long one run waits for jobs to end, of the 300 s that it has; what takes longer is left to the
# tombstone.
_PATIENCE = timedelta(seconds=150)
_POLL_SECONDS = 2.0
_PER_WRITE = 25
# The endpoint has given its answer to these, and says no more.
_ANSWERED = SHOWING_GENERATION_STATES | {GenerationState.FILTERED}


@dataclass(frozen=True)
class ErasurePorts:
    """Everything in which something of a user can lie."""

    table: Table
    idempotency: IdempotencyRecords
    uploads: ObjectStore
    photos: ObjectStore
    models: ObjectStore
    work: ObjectStore
    avatars: ObjectStore
    runner: TrainingRunner
    jobs: TrainingJobs
    clock: Clock
    postponement: Postponement | None = None


def build_handler(ports: ErasurePorts) -> Handler:
    """The handler over these ports."""
    eraser = Eraser(ports)

    def receive(message: dict[str, Any]) -> None:
        eraser.erase(Erasure.from_message(message))

    return queue_handler("erasure", receive, ports.postponement)


class Eraser:
    """Erases one thing; may be run again at any time."""

    def __init__(self, ports: ErasurePorts) -> None:
        self._ports = ports
        self._table = ports.table

    def erase(self, erasure: Erasure) -> None:
        """Erase it if its tombstone stands."""
        if not is_pending(self._table, erasure):
            return
        match erasure.kind:
            case ErasureKind.PHOTO:
                self._photo(erasure.owner, erasure.subject_id or "", erasure.id)
            case ErasureKind.GENERATION:
                self._generation(erasure)
            case ErasureKind.SUBJECT:
                self._subject(erasure)
            case ErasureKind.ACCOUNT:
                self._account(erasure.owner)
        quiet_at = kept_until(self._table, erasure)
        if quiet_at is not None and quiet_at > self._ports.clock.now():
            again_at = moments.to_text(quiet_at)
        else:
            again_at = None
            self._end(erasure)
        telemetry.logger.info(
            "erased",
            extra={
                "kind": erasure.kind,
                "target": erasure.id,
                "again_at": again_at,
            },
        )
        telemetry.count("Erasures")

    def _end(self, erasure: Erasure) -> None:
        if erasure.kind is ErasureKind.ACCOUNT:
            self._table.write(Delete(keys.account_key(erasure.owner)), bury(erasure))
        else:
            self._table.write(bury(erasure))

    def _photo(self, owner: str, subject_id: str, photo_id: str) -> None:
        self._ports.uploads.erase(str(locations.UploadKey(owner, subject_id, photo_id)))
        self._ports.photos.erase(locations.photo_key(owner, subject_id, photo_id))

    def _generation(self, erasure: Erasure) -> None:
        owner, generation_id = erasure.owner, erasure.id
        item = self._table.get(keys.generation_key(owner, generation_id))
        if item is not None:
            quiet_at = self._endpoint_quiet_at(item)
            if quiet_at is not None:
                keep_until(self._table, erasure, quiet_at)
            self._erase_generation(item)
        self._erase_generation_objects(owner, generation_id)
        self._forget_answers(owner, {generation_id})

    def _subject(self, erasure: Erasure) -> None:
        owner, subject_id = erasure.owner, erasure.id
        trainings = [i for i in self._items(owner, keys.TRAININGS) if i["subject_id"] == subject_id]
        writing = [training for training in trainings if self._may_still_write(training)]
        if writing:
            keep_until(self._table, erasure, self._ports.clock.now() + _STOPPING)
        self._stop(writing)
        if writing and self._have_ended(writing):
            keep_until(self._table, erasure, self._ports.clock.now())
        generations = [
            i for i in self._items(owner, keys.GENERATIONS) if i.get("subject_id") == subject_id
        ]
        for item in generations:
            self._generation_of_a_whole(item)
        self._forget_answers(owner, {subject_id, *(i["id"] for i in (*trainings, *generations))})
        self._ports.uploads.erase(f"photos/{owner}/{subject_id}/")
        self._ports.photos.erase(locations.photo_prefix(owner, subject_id))
        self._ports.models.erase(f"adapters/{owner}/{subject_id}/")
        self._ports.work.erase(f"trainings/{owner}/{subject_id}/")
        self._delete([*trainings, *self._items(owner, keys.photos_of(subject_id))])
        self._table.write(Delete(keys.subject_key(owner, subject_id)))

    def _account(self, owner: str) -> None:
        trainings = list(self._items(owner, keys.TRAININGS))
        writing = [training for training in trainings if self._may_still_write(training)]
        watched = [Erasure(ErasureKind.SUBJECT, owner, i["subject_id"]) for i in writing]
        for erasure in watched:
            due = self._ports.clock.now() + _STOPPING
            self._table.write(tombstone(erasure, due=due))
        self._stop(writing)
        ended = self._have_ended(writing)
        for item in self._items(owner, keys.GENERATIONS):
            self._generation_of_a_whole(item)
        self._ports.uploads.erase(f"photos/{owner}/")
        self._ports.photos.erase(f"{owner}/")
        self._ports.models.erase(f"adapters/{owner}/")
        self._ports.work.erase(f"trainings/{owner}/")
        self._ports.work.erase(f"generations/{owner}/")
        self._ports.work.erase(f"reviews/{owner}/")
        self._ports.avatars.erase(f"{owner}/")
        for erasure in watched if ended else ():
            self._table.write(bury(erasure))
        self._forget_answers(owner)
        kept = (keys.account_key(owner).sk, f"{keys.ERASURES}#")
        self._delete([item for item in self._items(owner) if not item["sk"].startswith(kept)])

    def _may_still_write(self, training: Item) -> bool:
        """Whether its job runs, or was told to stop only a moment ago."""
        if training["state"] != TrainingState.CANCELLED:
            return training["state"] in ACTIVE_TRAINING_STATES
        return moments.from_text(training["updated_at"]) + _STOPPING > self._ports.clock.now()

    def _stop(self, trainings: list[Item]) -> None:
        for item in trainings:
            if item["state"] in ACTIVE_TRAINING_STATES:
                self._ports.runner.stop(item["id"], reason="Erased by its owner")
                now = self._ports.clock.now()
                end_training(self._table, item["owner"], item["id"], TrainingState.CANCELLED, now)

    def _have_ended(self, trainings: list[Item]) -> bool:
        """Wait a while for their jobs; False if one of them is still at it."""
        clock = self._ports.clock
        until = clock.now() + _PATIENCE
        names = [job_name(item["id"], item["attempt"]) for item in trainings]
        while any(self._ports.jobs.is_running(name) for name in names):
            if clock.now() >= until:
                return False
            clock.pause(_POLL_SECONDS)
        return True

    def _forget_answers(self, owner: str, about: set[str] | None = None) -> None:
        """Kept answers to POSTs that tell of these things, or all; doubtful ones among them."""
        doomed = [
            item
            for item in self._items(owner, keys.IDEMPOTENCY)
            if about is None or about & set(item.get("about", about))
        ]
        self._ports.idempotency.forget(item["record"] for item in doomed)
        self._delete(doomed)

    def _endpoint_quiet_at(self, generation: Item) -> datetime | None:
        """When the endpoint can no longer write about it, if that is still to come."""
        if generation["state"] in _ANSWERED:
            return None
        quiet_at = moments.from_text(generation["deadline"]) + _INVOCATION
        return quiet_at if quiet_at > self._ports.clock.now() else None

    def _generation_of_a_whole(self, item: Item) -> None:
        """Erase it with what it belongs to; what may yet be written has its own tombstone."""
        quiet_at = self._endpoint_quiet_at(item)
        if quiet_at is not None:
            erasure = Erasure(ErasureKind.GENERATION, item["owner"], item["id"])
            self._table.write(tombstone(erasure, due=quiet_at))
        self._erase_generation_objects(item["owner"], item["id"])
        self._erase_generation(item)

    def _erase_generation(self, item: Item) -> None:
        """Its answers and its record; an active one is cancelled first, so that it counts right."""
        owner, generation_id = item["owner"], item["id"]
        now = self._ports.clock.now()
        end_generation(self._table, owner, generation_id, GenerationState.CANCELLED, now)
        for name in ("output_uri", "failure_uri"):
            if item.get(name):
                self._ports.work.erase(S3Location.parse(item[name]).key)
        self._table.write(Delete(keys.generation_key(owner, generation_id)))
        # After its record: a preview is made only while that stands.
        self._delete(list(self._items(owner, keys.reviews_of(generation_id))))
        self._ports.work.erase(locations.review_prefix(owner, generation_id))

    def _erase_generation_objects(self, owner: str, generation_id: str) -> None:
        self._ports.avatars.erase(locations.avatar_prefix(owner, generation_id))
        self._ports.work.erase(locations.generation_prefix(owner, generation_id))

    def _items(self, owner: str, prefix: str = "") -> Iterator[Item]:
        after = None
        while True:
            page = self._table.query(keys.owner_partition(owner), prefix=prefix, after=after)
            yield from page.items
            after = page.next
            if after is None:
                return

    def _delete(self, items: list[Item]) -> None:
        for start in range(0, len(items), _PER_WRITE):
            self._table.write(
                *(Delete(Key(i["pk"], i["sk"])) for i in items[start : start + _PER_WRITE])
            )


def _wired() -> Handler:
    return build_handler(
        ErasurePorts(
            table=wiring.table(),
            idempotency=wiring.idempotency_records(),
            uploads=wiring.bucket("UPLOADS_BUCKET"),
            photos=wiring.bucket("PHOTOS_BUCKET"),
            models=wiring.bucket("MODELS_BUCKET"),
            work=wiring.bucket("WORK_BUCKET"),
            avatars=wiring.bucket("AVATARS_BUCKET"),
            runner=wiring.training_runner(),
            jobs=wiring.training_jobs(),
            clock=wiring.clock(),
            postponement=wiring.postponement(),
        )
    )


handler = lambda_handler(_wired)
