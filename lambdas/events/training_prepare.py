"""First step of a training: lists the photos to learn from, and writes the job's description."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.base_model import BASE_FILE, BaseModel
from contract.document import MAX_DOCUMENT_BYTES
from contract.errors import InvalidDocumentError
from lambdas import environment, telemetry, wiring
from lambdas.domain.errors import NotFound
from lambdas.domain.ids import Prefix, is_id
from lambdas.domain.locations import (
    class_images_prefix,
    photo_key,
    photo_prefix,
    training_prefix,
)
from lambdas.domain.photo import PhotoState
from lambdas.domain.training import job_name
from lambdas.domain.training_failure import BaseUnusable, PhotosMissing, TrainingGone
from lambdas.domain.training_job import hyperparameters
from lambdas.events.steps import StepInput, step
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.ports import ObjectMissing, ObjectTooLarge
from lambdas.records.photos import all_photos
from lambdas.records.subjects import read_subject
from lambdas.records.trainings import note_attempt, read_training

if TYPE_CHECKING:
    from lambdas.domain.settings import BaseModelSettings, DomainSettings
    from lambdas.domain.subject import Subject
    from lambdas.domain.training import Training
    from lambdas.ports import Clock, ObjectStore, Table

MANIFEST_FILE = "photos.manifest"
PLACEHOLDER = "about.txt"
# SageMaker's framework containers: which program of which archive to run ("script mode",
# sagemaker-training-toolkit).
PROGRAM = "train.py"


@dataclass(frozen=True)
class PreparePorts:
    """What this step needs. Of the photos, only the bucket's name."""

    table: Table
    clock: Clock
    work: ObjectStore
    models: ObjectStore
    photos_bucket: str
    code_uri: str
    instance_type_of: Callable[[str], str]
    settings: DomainSettings


def build_handler(ports: PreparePorts) -> Handler:
    """The handler."""

    def prepare(given: StepInput, _: Mapping[str, Any]) -> dict[str, Any]:
        training, subject = _still_wanted(ports.table, given)
        base = _demand_base(ports, training)
        now = ports.clock.now()
        if not note_attempt(ports.table, training, given.attempt, now):
            raise TrainingGone("the training has ended")
        manifest = _photos(ports, subject)
        prefix = training_prefix(given.owner, given.subject_id, given.training_id)
        work = ports.work
        body = json.dumps(manifest).encode()
        work.write(f"{prefix}{MANIFEST_FILE}", body, content_type="application/json")
        settings = ports.settings
        told = hyperparameters(training, subject, base, settings)
        class_images = class_images_prefix(told)
        # SageMaker refuses a channel without objects: there is always one.
        ports.models.write(f"{class_images}{PLACEHOLDER}", b"", content_type="text/plain")
        telemetry.logger.info("training_prepared", extra={"photos": len(manifest) - 1})
        return {
            "training_id": given.training_id,
            "subject_id": given.subject_id,
            "owner": given.owner,
            "attempt": given.attempt,
            "job_name": job_name(given.training_id, given.attempt),
            "hyperparameters": {
                **told.to_strings(),
                "sagemaker_program": PROGRAM,
                "sagemaker_submit_directory": ports.code_uri,
            },
            "photos_manifest_uri": f"s3://{work.bucket}/{prefix}{MANIFEST_FILE}",
            "model_uri": f"s3://{ports.models.bucket}/base/{base.id}/",
            "prior_uri": f"s3://{ports.models.bucket}/{class_images}",
            "output_uri": f"s3://{work.bucket}/{prefix}output/",
            "checkpoint_uri": f"s3://{work.bucket}/{prefix}checkpoints/",
            "instance_type": ports.instance_type_of(base.id),
            "max_runtime_seconds": settings.training.max_runtime_seconds,
            "max_wait_seconds": settings.training.max_wait_seconds,
        }

    return step(prepare)


def _still_wanted(table: Table, given: StepInput) -> tuple[Training, Subject]:
    if not is_id(Prefix.TRAINING, given.training_id):
        raise TrainingGone("the training never was")
    try:
        training = read_training(table, given.owner, given.training_id)
        subject = read_subject(table, given.owner, given.subject_id)
    except NotFound:
        raise TrainingGone("the training or its subject is gone") from None
    if not training.is_active or subject.active_training != training.id:
        raise TrainingGone("the training has ended")
    return training, subject


def _demand_base(ports: PreparePorts, training: Training) -> BaseModelSettings:
    """Refuse before a machine is paid for what the job would refuse: base.json is written last, so
    where it lies, the weights are all there; the job looks into them."""
    wanted = ports.settings.find_base(training.base_model)
    if wanted is None:
        raise BaseUnusable("the base model of this training is no longer configured")
    try:
        text = ports.models.read(f"base/{wanted.id}/{BASE_FILE}", max_bytes=MAX_DOCUMENT_BYTES)
        found = BaseModel.from_json(text)
    except ObjectMissing:
        raise BaseUnusable(f"no base model is published as {wanted.id}") from None
    except (ObjectTooLarge, InvalidDocumentError) as error:
        raise BaseUnusable(f"the base model's {BASE_FILE} cannot be read") from error
    if (found.id, found.family) != (wanted.id, wanted.family):
        raise BaseUnusable("the base model that is published is another one than configured")
    return wanted


def _photos(ports: PreparePorts, subject: Subject) -> list[Any]:
    """SageMaker's manifest (S3DataSource, ManifestFile): a prefix, then the rest of each key."""
    prefix = photo_prefix(subject.owner, subject.id)
    names = [
        photo_key(subject.owner, subject.id, photo.id).removeprefix(prefix)
        for photo in all_photos(ports.table, subject.owner, subject.id)
        if photo.state is PhotoState.ACCEPTED
    ]
    if len(names) < ports.settings.photos.minimum.of(subject.kind):
        raise PhotosMissing("photos were deleted since the training was asked for")
    return [{"prefix": f"s3://{ports.photos_bucket}/{prefix}"}, *names]


def _wired() -> Handler:
    variables = environment.current()
    return build_handler(
        PreparePorts(
            table=wiring.table(),
            clock=wiring.clock(),
            work=wiring.bucket("WORK_BUCKET"),
            models=wiring.bucket("MODELS_BUCKET"),
            photos_bucket=variables.need("PHOTOS_BUCKET"),
            code_uri=variables.need("TRAINING_CODE_URI"),
            instance_type_of=variables.instance_type_of,
            settings=variables.settings(),
        )
    )


handler = lambda_handler(_wired)
