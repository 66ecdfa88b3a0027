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
from typing import TYPE_CHECKING

from contract.s3_location import S3Location
from lambdas import telemetry, wiring
from lambdas.domain import locations, moments
from lambdas.domain.generation import SHOWING_GENERATION_STATES, GenerationState
from lambdas.domain.training import ACTIVE_TRAINING_STATES, TrainingState
from lambdas.events.queue_batch import queue_handler
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records import keys
from lambdas.records.erasures import (
    Erasure,
    ErasureKind,
    bury,
    is_pending,
    look_again,
    tombstone,
)
from lambdas.records.generations import end_generation
from lambdas.records.trainings import end_training
from lambdas.table import Delete, Item, Key

if TYPE_CHECKING:
    from lambdas.ports import Clock, IdempotencyRecords, ObjectStore, Table, TrainingRunner

# A stopped training job has 120 s to save a checkpoint (SageMaker "StopTrainingJob"), which is then
# uploaded.
_STOPPING = timedelta(minutes=10)
# The endpoint may start on a request until its deadline, and work on it for that long.
_INVOCATION = timedelta(hours=1)
_PER_WRITE = 25


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
    clock: Clock


def build_handler(ports: ErasurePorts) -> Handler:
    """The handler over these ports."""
    eraser = Eraser(ports)
    return queue_handler("erasure", lambda message: eraser.erase(Erasure.from_message(message)))


class Eraser:
    """Erases one thing; may be run again at any time."""

    def __init__(self, ports: ErasurePorts) -> None:
        self._ports = ports
        self._table = ports.table

    def erase(self, erasure: Erasure) -> None:
        """Erase it if its tombstone stands."""
        if not is_pending(self._table, erasure):
            return
        quiet_at: datetime | None = None
        match erasure.kind:
            case ErasureKind.PHOTO:
                self._photo(erasure.owner, erasure.subject_id or "", erasure.id)
            case ErasureKind.GENERATION:
                quiet_at = self._generation(erasure.owner, erasure.id)
            case ErasureKind.SUBJECT:
                quiet_at = self._subject(erasure.owner, erasure.id)
            case ErasureKind.ACCOUNT:
                self._account(erasure.owner)
        if quiet_at is not None:
            look_again(self._table, erasure, due=quiet_at)
        elif erasure.kind is ErasureKind.ACCOUNT:
            self._table.write(Delete(keys.account_key(erasure.owner)), bury(erasure))
        else:
            self._table.write(bury(erasure))
        telemetry.logger.info(
            "erased",
            extra={
                "kind": erasure.kind,
                "target": erasure.id,
                "again_at": moments.to_text(quiet_at) if quiet_at else None,
            },
        )
        telemetry.count("Erasures")

    def _photo(self, owner: str, subject_id: str, photo_id: str) -> None:
        self._ports.uploads.erase(str(locations.UploadKey(owner, subject_id, photo_id)))
        self._ports.photos.erase(locations.photo_key(owner, subject_id, photo_id))

    def _generation(self, owner: str, generation_id: str) -> datetime | None:
        """When the endpoint can no longer write about it, if that is still to come."""
        item = self._table.get(keys.generation_key(owner, generation_id))
        quiet_at = self._quiet_at(item) if item else None
        if item is not None:
            end_generation(
                self._table,
                owner,
                generation_id,
                GenerationState.CANCELLED,
                self._ports.clock.now(),
            )
            self._erase_answers(item)
        self._ports.avatars.erase(locations.avatar_prefix(owner, generation_id))
        self._ports.work.erase(locations.generation_prefix(owner, generation_id))
        self._table.write(Delete(keys.generation_key(owner, generation_id)))
        return quiet_at

    def _quiet_at(self, item: Item) -> datetime | None:
        if item["state"] in SHOWING_GENERATION_STATES | {GenerationState.FILTERED}:
            return None
        quiet_at = moments.from_text(item["deadline"]) + _INVOCATION
        return quiet_at if quiet_at > self._ports.clock.now() else None

    def _erase_answers(self, item: Item) -> None:
        for name in ("output_uri", "failure_uri"):
            if item.get(name):
                self._ports.work.erase(S3Location.parse(item[name]).key)

    def _subject(self, owner: str, subject_id: str) -> datetime | None:
        """When its trainings have stopped writing, if any had to be stopped."""
        trainings = [i for i in self._items(owner, keys.TRAININGS) if i["subject_id"] == subject_id]
        stopped = self._stop(owner, trainings)
        for item in self._items(owner, keys.GENERATIONS):
            if item.get("subject_id") == subject_id:
                self._generation_of_a_whole(owner, item)
        self._ports.uploads.erase(f"photos/{owner}/{subject_id}/")
        self._ports.photos.erase(locations.photo_prefix(owner, subject_id))
        self._ports.models.erase(f"adapters/{owner}/{subject_id}/")
        self._ports.work.erase(f"trainings/{owner}/{subject_id}/")
        self._delete([*trainings, *self._items(owner, keys.photos_of(subject_id))])
        self._table.write(Delete(keys.subject_key(owner, subject_id)))
        return self._ports.clock.now() + _STOPPING if stopped else None

    def _account(self, owner: str) -> None:
        trainings = list(self._items(owner, keys.TRAININGS))
        for training in self._stop(owner, trainings):
            erasure = Erasure(ErasureKind.SUBJECT, owner, training["subject_id"])
            self._table.write(tombstone(erasure, due=self._ports.clock.now() + _STOPPING))
        for item in self._items(owner, keys.GENERATIONS):
            self._generation_of_a_whole(owner, item)
        self._ports.uploads.erase(f"photos/{owner}/")
        self._ports.photos.erase(f"{owner}/")
        self._ports.models.erase(f"adapters/{owner}/")
        self._ports.work.erase(f"trainings/{owner}/")
        self._ports.work.erase(f"generations/{owner}/")
        self._ports.avatars.erase(f"{owner}/")
        self._ports.idempotency.forget(
            item["record"] for item in self._items(owner, keys.IDEMPOTENCY)
        )
        kept = (keys.account_key(owner).sk, f"{keys.ERASURES}#")
        self._delete([item for item in self._items(owner) if not item["sk"].startswith(kept)])

    def _stop(self, owner: str, trainings: list[Item]) -> list[Item]:
        """Stop those that are active; which they were."""
        active = [item for item in trainings if item["state"] in ACTIVE_TRAINING_STATES]
        for item in active:
            self._ports.runner.stop(item["id"], reason="Erased by its owner")
            now = self._ports.clock.now()
            end_training(self._table, owner, item["id"], TrainingState.CANCELLED, now)
        return active

    def _generation_of_a_whole(self, owner: str, item: Item) -> None:
        """Erase it with what it belongs to; what may yet be written has its own tombstone."""
        quiet_at = self._quiet_at(item)
        if quiet_at is not None:
            erasure = Erasure(ErasureKind.GENERATION, owner, item["id"])
            self._table.write(tombstone(erasure, due=quiet_at))
        self._generation(owner, item["id"])

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
            clock=wiring.clock(),
        )
    )


handler = lambda_handler(_wired)
