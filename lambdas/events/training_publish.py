"""Last step of a training: the adapter is checked, put where the endpoint finds it, made active.

The files come first and the conditional write last: what a subject's record points to is always
complete. If the training was cancelled in between, the files are never pointed to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.adapter import (
    ADAPTER_FILE,
    CLASS_IMAGES_FILE,
    MANIFEST_FILE,
    AdapterManifest,
    AdapterScores,
)
from contract.errors import InvalidDocumentError
from lambdas import environment, telemetry, wiring
from lambdas.domain.errors import NotFound, Unavailable
from lambdas.domain.locations import adapter_prefix, class_images_prefix, training_prefix
from lambdas.domain.training import (
    PublishedAdapter,
    TrainingState,
    job_name,
)
from lambdas.domain.training_failure import AdapterRefused, OutputMissing, TrainingGone
from lambdas.domain.training_job import hyperparameters
from lambdas.events.steps import StepInput, step
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.ports import ObjectMissing, ObjectTooLarge
from lambdas.records.subjects import read_subject
from lambdas.records.trainings import end_training, mark_running, read_training

if TYPE_CHECKING:
    from lambdas.domain.settings import DomainSettings
    from lambdas.domain.training import Training
    from lambdas.ports import Clock, ObjectStore, Table

_MAX_MANIFEST_BYTES = 1024 * 1024
# It passes through this function's memory (1 GB). SDXL at rank 32 makes about 100 MB.
_MAX_ADAPTER_BYTES = 400 * 1024 * 1024
# 200 of SDXL's latents at 1024² in fp32 are 52 MB.
_MAX_CLASS_IMAGES_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class PublishPorts:
    """What this step needs."""

    table: Table
    clock: Clock
    work: ObjectStore
    models: ObjectStore
    settings: DomainSettings


def build_handler(ports: PublishPorts) -> Handler:
    """The handler."""
    table, clock = ports.table, ports.clock

    def publish(given: StepInput, _: Mapping[str, Any]) -> dict[str, Any]:
        training = _wanted(table, given)
        if training.state is not TrainingState.SUCCEEDED:
            adapter, scores = _copy(ports, training, given)
            # A job that is done has run, whether or not the event that says so has come.
            mark_running(table, training, clock.now(), attempt=given.attempt)
            if not end_training(
                table,
                given.owner,
                given.training_id,
                TrainingState.SUCCEEDED,
                clock.now(),
                adapter=adapter,
                scores=scores,
            ):
                _withdraw(ports, given)
                raise TrainingGone("the training ended while its adapter was copied")
            _keep_class_images(ports, training, given)
            telemetry.count("TrainingsSucceeded")
            _measure(scores)
            telemetry.logger.info("adapter_published", extra={"bytes": adapter.size_bytes})
        return {"training_id": given.training_id, "state": TrainingState.SUCCEEDED.value}

    return step(publish)


def _wanted(table: Table, given: StepInput) -> Training:
    """The training: still active, or published by an earlier delivery of the same step."""
    try:
        training = read_training(table, given.owner, given.training_id)
        read_subject(table, given.owner, given.subject_id)
    except NotFound:
        raise TrainingGone("the training or its subject is gone") from None
    if not training.is_active and training.state is not TrainingState.SUCCEEDED:
        raise TrainingGone("the training has ended")
    return training


def _copy(
    ports: PublishPorts, training: Training, given: StepInput
) -> tuple[PublishedAdapter, AdapterScores | None]:
    """Check what the job left behind, then write it under the subject's adapters."""
    source = _output(given)
    target = adapter_prefix(given.owner, given.subject_id, given.training_id)
    work, models = ports.work, ports.models
    try:
        text = work.read(f"{source}{MANIFEST_FILE}", max_bytes=_MAX_MANIFEST_BYTES)
        manifest = AdapterManifest.from_json(text)
        _demand_quality(manifest, training.base_model or ports.settings.base_model.id)
        content = work.read(f"{source}{ADAPTER_FILE}", max_bytes=_MAX_ADAPTER_BYTES)
    except ObjectMissing:
        raise OutputMissing("the job ended without an adapter") from None
    except (ObjectTooLarge, InvalidDocumentError) as error:
        raise AdapterRefused(f"the job's output cannot be used: {type(error).__name__}") from error
    if hashlib.sha256(content).hexdigest() != manifest.sha256:
        raise AdapterRefused("the adapter's checksum differs from its manifest")
    models.write(f"{target}{ADAPTER_FILE}", content, content_type="application/octet-stream")
    models.write(f"{target}{MANIFEST_FILE}", text, content_type="application/json")
    return PublishedAdapter(manifest.sha256, len(content)), manifest.scores


def _measure(scores: AdapterScores | None) -> None:
    """Let operators see how well trainings do: one value each per published adapter."""
    if scores is None:
        return
    telemetry.measure("AdapterIdentity", scores.identity)
    if scores.prompt_fidelity is not None:
        telemetry.measure("AdapterPromptFidelity", scores.prompt_fidelity)


def _keep_class_images(ports: PublishPorts, training: Training, given: StepInput) -> None:
    """Let other trainings use the class images that this one had to make.

    They show what the base imagines, nothing of the subject. Without them the next one makes its
    own: failing to keep them is no failure of the training.
    """
    source, kind = f"{_output(given)}{CLASS_IMAGES_FILE}", "application/octet-stream"
    base = ports.settings.find_base(training.base_model)
    if base is None:  # no longer on offer: nobody will ask for them
        return
    try:
        subject = read_subject(ports.table, given.owner, given.subject_id)
        target = class_images_prefix(hyperparameters(training, subject, base, ports.settings))
        content = ports.work.read(source, max_bytes=_MAX_CLASS_IMAGES_BYTES)
        ports.models.write(f"{target}{CLASS_IMAGES_FILE}", content, content_type=kind)
    except ObjectMissing:
        return
    except (NotFound, ObjectTooLarge, Unavailable) as error:
        telemetry.logger.warning("class_images_lost", extra={"error": type(error).__name__})
        return
    telemetry.logger.info("class_images_kept", extra={"bytes": len(content)})


def _output(given: StepInput) -> str:
    """Where SageMaker puts uncompressed output: {S3OutputPath}/{job name}/output/model/."""
    prefix = training_prefix(given.owner, given.subject_id, given.training_id)
    return f"{prefix}output/{job_name(given.training_id, given.attempt)}/output/model/"


def _demand_quality(manifest: AdapterManifest, base_model: str) -> None:
    if manifest.base_model.id != base_model:
        raise AdapterRefused("the adapter was made for another base model")
    if not manifest.has_finite_loss:
        raise AdapterRefused("the training's loss is not a number")


def _withdraw(ports: PublishPorts, given: StepInput) -> None:
    """Nothing of a training that was cancelled stays, nor of a subject that is gone."""
    target = adapter_prefix(given.owner, given.subject_id, given.training_id)
    ports.models.delete([f"{target}{ADAPTER_FILE}", f"{target}{MANIFEST_FILE}"])


def _wired() -> Handler:
    return build_handler(
        PublishPorts(
            table=wiring.table(),
            clock=wiring.clock(),
            work=wiring.bucket("WORK_BUCKET"),
            models=wiring.bucket("MODELS_BUCKET"),
            settings=environment.current().settings(),
        )
    )


handler = lambda_handler(_wired)
