"""What one user has, and the function that erases it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from contract.generation import Prompt, Sampler
from lambdas.domain.generation import Generation, GenerationState
from lambdas.domain.generation_plan import GenerationPlan
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.receipt import ErasureState, Receipt
from lambdas.domain.training import Training, TrainingState
from lambdas.events.erasure import ErasurePorts, build_handler
from lambdas.ports import Invocation
from lambdas.records import keys
from lambdas.records.erasures import Erasure, due_erasures
from lambdas.records.generations import (
    advance_generation,
    create_generation,
    end_generation,
    note_invocation,
)
from lambdas.records.photos import all_photos
from lambdas.records.receipts import read_receipt
from lambdas.records.trainings import create_training, end_training
from lambdas.table import Update
from tests.unit.lambdas.fakes import FakeObjectStore, FakeSignIns, FakeTrainingJobs, LocalSigner
from tests.unit.lambdas.gateway import OWNER, SOMEONE_ELSE
from tests.unit.lambdas.given import World
from tests.unit.lambdas.sqs import deliver

NEVER_ENDS = 10**6


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
