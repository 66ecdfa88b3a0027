"""What tests start from: settings, a subject with accepted photos, a world of fakes around them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from contract.adapter import AdapterManifest
from contract.base_model import BaseModel, Family
from lambdas.api.generations import GenerationPorts
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.look import Look, Pose
from lambdas.domain.photo import ContentType, Photo, PhotoState
from lambdas.domain.seeds import Draw
from lambdas.domain.settings import DomainSettings
from lambdas.domain.subject import Consent, Subject, SubjectKind
from lambdas.domain.text_screening import TextScreening
from lambdas.domain.training import Training, job_name
from lambdas.records import keys
from lambdas.records.photo_sets import accept
from lambdas.records.photos import create_slots, step
from lambdas.records.subjects import create_subject, read_subject
from lambdas.records.trainings import read_training
from lambdas.source_examination import SourceExamination
from tests.unit.lambdas.fakes import (
    START,
    FakeClock,
    FakeGenerationBackend,
    FakeImageModeration,
    FakeMarking,
    FakeObjectStore,
    FakePersistence,
    FakePostponement,
    FakeQueue,
    FakeTable,
    FakeTextModeration,
    FakeTrainingRunner,
    FakeTranslation,
)
from tests.unit.lambdas.gateway import OWNER

SETTINGS: dict[str, Any] = {
    "photos": {
        "minimum": {"person": 10, "pet": 4, "object": 4, "style": 4},
        "maximum": 15,
        "max_bytes": 10485760,
        "max_megapixels": 50,
        "min_side": 256,
        "upload_ttl_seconds": 900,
        "face": {
            "min_confidence": 80,
            "min_pixels": 64,
            "min_sharpness": 35,
            "min_brightness": 20,
            "max_brightness": 92,
            "max_yaw": 65,
            "max_pitch": 45,
            "max_roll": 60,
            "occluded_confidence": 80,
            "sunglasses_confidence": 80,
        },
        "picture": {"min_sharpness": 15, "min_brightness": 8, "max_brightness": 97},
        "set": {"duplicate_distance": 8, "same_person_similarity": 80, "min_score": 30},
    },
    "moderation": {
        "photo_min_confidence": 50,
        "minimum_age": 18,
        "celebrities": "block",
        "celebrity_min_confidence": 90,
        "images": {"labels": {"default": {"withhold": 50}}, "text": "review"},
    },
    "training": {
        "max_attempts": 3,
        "max_runtime_seconds": 3600,
        "max_wait_seconds": 7200,
        "recipe": {
            "max_steps": 200,
            "rank": 4,
            "learning_rate": 0.001,
            "resolution": 64,
            "batch_size": 4,
        },
    },
    "generation": {
        "max_prompt_chars": 2000,
        "request_ttl_seconds": 21600,
        "link_ttl_seconds": 900,
    },
    "retention_days": {"images": 30, "requests": 7},
    "limits": {
        "subjects_per_user": 20,
        "active_trainings_per_user": 1,
        "active_generations_per_user": 3,
        "per_day": {
            "subjects": 1000,
            "uploads": 1000,
            "trainings": 1000,
            "generations": 1000,
            "images": 1000,
            "verifications": 1000,
        },
    },
    "base_model": {
        "id": "tiny-sd",
        "family": "sd",
        "licence": "MIT",
        "sizes": [[64, 64]],
        "default_negative_prompt": "",
        "precision": "fp32",
    },
}


# A second base model, for deployments that offer two.
SECOND_BASE: dict[str, Any] = {
    "id": "tiny-sdxl",
    "family": "sdxl",
    "licence": "MIT",
    "sizes": [[128, 96], [96, 128]],
    "default_negative_prompt": "blur",
    "precision": "fp16",
    "recipe": {
        "max_steps": 300,
        "rank": 8,
        "learning_rate": 0.0005,
        "resolution": 128,
        "batch_size": 2,
    },
}


def settings(*more_base_models: dict[str, Any], **changes: dict[str, Any]) -> DomainSettings:
    """Settings as `local` has them; `changes` replace whole fields of a block."""
    merged = {name: {**block, **changes.get(name, {})} for name, block in SETTINGS.items()}
    document = {**merged, "more_base_models": list(more_base_models)}
    return DomainSettings.model_validate(document, strict=False)


def consent(now: datetime, owner: str = OWNER) -> Consent:
    """What somebody declared about Ada."""
    return Consent("mine", now, given_by=owner, given_for="Ada", version="2026-11")


def a_look(number: int, **changes: Any) -> Look:
    """One of a varied set: unlike the others in every way but the person; `number` from 1."""
    look = Look(
        hash=int.from_bytes(hashlib.sha256(bytes([number])).digest()[:8]) >> 1,
        brightness=30.0 + 5 * (number % 6),
        sharpness=60.0,
        background=tuple(100 * (place == number % 10) for place in range(10)),
        pose=Pose(yaw=12.0 * (number % 3 - 1), pitch=0.0, roll=0.0),
        ordinal=number,
        likeness=dict.fromkeys(range(max(1, number - 5), number), 99.0),
    )
    return replace(look, **changes)


ADAPTER = b"a very small adapter"


def adapter_manifest(**changes: Any) -> str:
    """A manifest for ADAPTER."""
    fields: dict[str, Any] = {
        "base_model": BaseModel("tiny-sd", "0" * 64, Family.SD),
        "rank": 4,
        "targets": ("to_q",),
        "token": "<subject>",
        "class_noun": "person",
        "training": {"max_steps": 200},
        "metrics": {"loss_first": 0.5, "loss_last": 0.1},
        "sha256": hashlib.sha256(ADAPTER).hexdigest(),
        "size_bytes": len(ADAPTER),
        **changes,
    }
    return AdapterManifest(**fields).to_json()


@dataclass
class World:
    """All the fakes, as one deployment would have them."""

    clock: FakeClock = field(default_factory=FakeClock)
    audit: FakeTable = field(default_factory=FakeTable)
    table: FakeTable = field(default_factory=FakeTable)
    persistence: FakePersistence = field(default_factory=FakePersistence)
    runner: FakeTrainingRunner = field(default_factory=FakeTrainingRunner)
    backend: FakeGenerationBackend = field(default_factory=FakeGenerationBackend)
    text_moderation: FakeTextModeration = field(default_factory=FakeTextModeration)
    translation: FakeTranslation = field(default_factory=FakeTranslation)
    marking: FakeMarking = field(default_factory=FakeMarking)
    image_moderation: FakeImageModeration = field(default_factory=FakeImageModeration)
    photos: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("photos"))
    uploads: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("uploads"))
    work: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("work"))
    models: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("models"))
    avatars: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("avatars"))
    postponement: FakePostponement = field(default_factory=FakePostponement)
    erasure: FakeQueue = field(default_factory=FakeQueue)
    intake: FakeQueue = field(default_factory=FakeQueue)
    results: FakeQueue = field(default_factory=FakeQueue)
    settings: DomainSettings = field(default_factory=settings)

    def __post_init__(self) -> None:
        self.table.audit_log = self.audit

    @property
    def screening(self) -> TextScreening:
        """The screening of words, over the fakes."""
        prompts = self.settings.moderation.prompts
        translation = self.translation if prompts.other_languages == "translate" else None
        return TextScreening(prompts, self.text_moderation, translation)

    def examining(self) -> SourceExamination:
        """What looks at pictures inside requests, over the fakes."""
        return SourceExamination(self.settings, self.image_moderation)

    def generation_ports(self, *, draw: Draw = lambda _: 41) -> GenerationPorts:
        """What the routes of generations need, over the fakes."""
        return GenerationPorts(
            settings=self.settings,
            table=self.table,
            clock=self.clock,
            persistence=lambda: self.persistence,
            screening=self.screening,
            endpoints_of=lambda base: (base,),
            endpoint_of=lambda _: self.backend,
            work=self.work,
            avatars=self.avatars,
            models_bucket="models",
            erasures=self.erasure,
            examining=self.examining,
            draw=draw,
        )

    def subject(
        self, *, accepted: int = 10, kind: SubjectKind = SubjectKind.PERSON, owner: str = OWNER
    ) -> Subject:
        """A subject with that many accepted photos."""
        now = self.clock.now()
        made = Subject(
            id=new_id(Prefix.SUBJECT, now),
            owner=owner,
            name="Ada",
            kind=kind,
            class_noun="person",
            consent=consent(now, owner),
            created_at=now,
        )
        create_subject(self.table, made, limit=1000)
        photos = [
            Photo(
                id=new_id(Prefix.PHOTO, now),
                owner=owner,
                subject_id=made.id,
                content_type=ContentType.JPEG,
                size_bytes=1000,
                created_at=now,
                expires_at=now + timedelta(minutes=15),
            )
            for _ in range(accepted)
        ]
        if photos:
            create_slots(self.table, owner, made.id, photos, now, maximum=15)
        for number, photo in enumerate(photos, start=1):
            step(self.table, photo, PhotoState.CHECKING, now)
            checking = replace(photo, state=PhotoState.CHECKING)
            assert accept(self.table, checking, a_look(number), (64, 64), now)
        return self.subject_now(made)

    def subject_now(self, subject: Subject) -> Subject:
        """The subject as it is recorded."""
        return read_subject(self.table, subject.owner, subject.id)

    def training_now(self, training_id: str) -> Training:
        """The training as it is recorded."""
        return read_training(self.table, OWNER, training_id)

    def count(self, name: str) -> int:
        """One of the owner's counters."""
        return int((self.table.get(keys.account_key(OWNER)) or {}).get(name, 0))

    def leave_output(
        self,
        training: Training,
        attempt: int = 1,
        class_images: bytes | None = None,
        **manifest: Any,
    ) -> None:
        """What a training job leaves behind."""
        folder = (
            f"trainings/{training.owner}/{training.subject_id}/{training.id}/"
            f"output/{job_name(training.id, attempt)}/output/model/"
        )
        self.work.objects_by_key[f"{folder}adapter.safetensors"] = ADAPTER
        self.work.objects_by_key[f"{folder}manifest.json"] = adapter_manifest(**manifest).encode()
        if class_images is not None:
            self.work.objects_by_key[f"{folder}class-images.safetensors"] = class_images


__all__ = ["ADAPTER", "OWNER", "START", "World", "adapter_manifest", "settings"]
