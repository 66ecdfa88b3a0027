"""The three steps of the state machine, called as it calls them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from contract.adapter import AdapterScores
from contract.base_model import BaseModel, Family
from contract.training_failure import FailureCode, TrainingFailure
from contract.training_job import Hyperparameters
from contract.training_presets import PresetName
from lambdas.domain.errors import Unavailable
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.subject import Subject, SubjectKind
from lambdas.domain.training import Training, TrainingState
from lambdas.domain.training_failure import (
    AdapterRefused,
    BaseUnusable,
    OutputMissing,
    PhotosMissing,
    TrainingGone,
)
from lambdas.events import training_failed, training_prepare, training_publish
from lambdas.records.photos import all_photos, begin_photo_erasure
from lambdas.records.subjects import begin_subject_erasure
from lambdas.records.trainings import create_training, end_training
from tests.unit.lambdas.gateway import OWNER, FakeContext
from tests.unit.lambdas.given import ADAPTER, SECOND_BASE, World, settings


@pytest.fixture
def world() -> World:
    return World()


def begun(world: World, subject: Subject | None = None, **more: Any) -> Training:
    """A training that was asked for."""
    subject = subject or world.subject()
    now = world.clock.now()
    training = Training(new_id(Prefix.TRAINING, now), subject.id, OWNER, now, now, **more)
    create_training(world.table, training, limit=5)
    return training


def step_input(training: Training, attempt: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "training_id": training.id,
        "subject_id": training.subject_id,
        "owner": training.owner,
        "attempt": attempt,
        **more,
    }


def published_base(world: World, training: Training) -> bytes:
    """The description of the base model that the settings mean."""
    wanted = world.settings.find_base(training.base_model) or world.settings.base_model
    return BaseModel(wanted.id, "0" * 64, Family(wanted.family)).to_json().encode()


def prepare(
    world: World, training: Training, attempt: int = 1, base: bytes | None = None
) -> dict[str, Any]:
    """Run the step; `base` is the description that lies in the bucket."""
    key = f"base/{training.base_model or world.settings.base_model.id}/base.json"
    text = base or published_base(world, training)
    world.models.write(key, text, content_type="application/json")
    if base == b"":
        world.models.delete([key])
    handler = training_prepare.build_handler(
        training_prepare.PreparePorts(
            table=world.table,
            clock=world.clock,
            work=world.work,
            models=world.models,
            photos_bucket="photos",
            code_uri="s3://assets/code.tar.gz",
            instance_type_of=lambda base: f"ml.for-{base}.large",
            settings=world.settings,
        )
    )
    answer: dict[str, Any] = handler(step_input(training, attempt), FakeContext())
    return answer


def publish(world: World, training: Training, attempt: int = 1) -> dict[str, Any]:
    handler = training_publish.build_handler(
        training_publish.PublishPorts(
            table=world.table,
            clock=world.clock,
            work=world.work,
            models=world.models,
            settings=world.settings,
        )
    )
    answer: dict[str, Any] = handler(step_input(training, attempt), FakeContext())
    return answer


def fail(
    world: World, training: Training, error: str, cause: object = "", attempt: int = 1
) -> dict[str, Any]:
    handler = training_failed.build_handler(
        training_failed.FailedPorts(world.table, world.clock, world.settings)
    )
    text = cause if isinstance(cause, str) else json.dumps(cause)
    event = step_input(training, attempt, error={"Error": error, "Cause": text})
    answer: dict[str, Any] = handler(event, FakeContext())
    return answer


def test_prepare_lists_the_accepted_photos_as_sagemakers_manifest(world: World) -> None:
    subject = world.subject()
    training = begun(world, subject)
    job = prepare(world, training)
    bucket, _, key = job["photos_manifest_uri"].removeprefix("s3://").partition("/")
    assert bucket == "work"
    head, *names = json.loads(world.work.objects_by_key[key])
    assert head == {"prefix": f"s3://photos/{OWNER}/{subject.id}/"}
    photos = [photo.id for photo in all_photos(world.table, OWNER, subject.id)]
    assert names == [f"{photo}.jpg" for photo in photos]
    assert len(names) == 10


@pytest.mark.parametrize(
    "published",
    [
        b"",
        b"no description",
        BaseModel("another", "0" * 64, Family.SD).to_json().encode(),
        BaseModel("tiny-sd", "0" * 64, Family.SDXL).to_json().encode(),
    ],
    ids=["missing", "damaged", "another", "of another family"],
)
def test_a_base_model_that_cannot_be_used_costs_no_machine(world: World, published: bytes) -> None:
    training = begun(world)
    with pytest.raises(BaseUnusable):
        prepare(world, training, base=published)
    assert world.work.objects_by_key == {}
    assert fail(world, training, "BaseUnusable")["retry"] is False


def test_prepare_describes_a_job_that_the_training_program_accepts(world: World) -> None:
    training = begun(world)
    job = prepare(world, training, attempt=2)
    given = dict(job["hyperparameters"])
    assert given.pop("sagemaker_program") == "train.py"
    assert given.pop("sagemaker_submit_directory") == "s3://assets/code.tar.gz"
    read = Hyperparameters.from_strings(given)
    assert (read.training_id, read.kind, read.max_steps) == (training.id, "person", 200)
    assert read.checkpoint_every == 20
    folder = f"s3://work/trainings/{OWNER}/{training.subject_id}/{training.id}"
    assert job["job_name"] == f"{training.id.replace('_', '-')}-2"
    assert len(job["job_name"]) <= 63
    assert job["output_uri"] == f"{folder}/output/"
    assert job["checkpoint_uri"] == f"{folder}/checkpoints/"
    assert job["model_uri"] == "s3://models/base/tiny-sd/"
    assert job["instance_type"] == "ml.for-tiny-sd.large"
    assert (job["max_runtime_seconds"], job["max_wait_seconds"]) == (3600, 7200)
    assert world.training_now(training.id).attempt == 2


def test_large_models_are_trained_in_half_precision(world: World) -> None:
    world.settings = settings(base_model={"family": "sdxl", "precision": "fp16"})
    given = prepare(world, begun(world))["hyperparameters"]
    assert (given["precision"], given["gradient_checkpointing"]) == ("auto", "1")


def test_a_training_on_another_base_has_that_ones_weights_machine_and_recipe(
    world: World,
) -> None:
    world.settings = settings(SECOND_BASE)
    job = prepare(world, begun(world, base_model="tiny-sdxl"))
    assert job["model_uri"] == "s3://models/base/tiny-sdxl/"
    assert job["instance_type"] == "ml.for-tiny-sdxl.large"
    given = job["hyperparameters"]
    assert (given["base_model_id"], given["rank"], given["resolution"]) == ("tiny-sdxl", "8", "128")
    assert (given["precision"], given["gradient_checkpointing"]) == ("auto", "1")
    assert job["prior_uri"].startswith("s3://models/prior/tiny-sdxl/")


def test_a_training_whose_base_model_was_withdrawn_costs_no_machine(world: World) -> None:
    training = begun(world, base_model="tiny-sdxl")
    with pytest.raises(BaseUnusable):
        prepare(world, training)


def test_only_an_adapter_for_the_trainings_own_base_is_published(world: World) -> None:
    world.settings = settings(SECOND_BASE)
    training = begun(world, base_model="tiny-sdxl")
    world.leave_output(training)
    with pytest.raises(AdapterRefused):
        publish(world, training)
    other = BaseModel("tiny-sdxl", "1" * 64, Family.SDXL)
    world.leave_output(training, class_images=b"latents", base_model=other)
    publish(world, training)
    assert world.training_now(training.id).state is TrainingState.SUCCEEDED
    assert any(key.startswith("prior/tiny-sdxl/") for key in world.models.objects_by_key)


def test_class_images_of_a_base_that_was_withdrawn_are_not_kept(world: World) -> None:
    training = begun(world, base_model="tiny-sdxl")
    other = BaseModel("tiny-sdxl", "1" * 64, Family.SDXL)
    world.leave_output(training, class_images=b"latents", base_model=other)
    publish(world, training)
    assert not any(key.startswith("prior/") for key in world.models.objects_by_key)


@pytest.mark.parametrize(
    ("asked", "steps", "prior"),
    [(PresetName.FAST, "100", "0"), (PresetName.QUALITY, "300", "1"), (None, "200", "0")],
)
def test_a_preset_stretches_the_recipe_and_sets_its_switches(
    world: World, asked: PresetName | None, steps: str, prior: str
) -> None:
    training = begun(world, preset=asked)
    given = prepare(world, training)["hyperparameters"]
    assert (given["max_steps"], given["prior_preservation"]) == (steps, prior)
    assert (given["rank"], given["likeness_floor"]) == ("4", "0.0")


def test_an_environment_may_change_a_preset_but_not_invent_settings(world: World) -> None:
    changed: dict[str, Any] = {"fast": {"subject_mask": 0.0}, "quality": {"prior_images": 7}}
    world.settings = settings(
        training={"preset": "quality", "presets": changed, "likeness_floor": 0.3}
    )
    given = prepare(world, begun(world))["hyperparameters"]
    assert (given["prior_images"], given["likeness_floor"]) == ("7", "0.3")
    assert given["subject_mask"] == "0.5"
    for wrong in ({"subjekt_mask": 0.0}, {"subject_mask": 2.0}):
        with pytest.raises(ValidationError):
            settings(training={"presets": {"fast": wrong}})


def test_a_job_is_given_the_class_images_of_its_class_whoever_asks(world: World) -> None:
    job = prepare(world, begun(world))
    place = job["prior_uri"].removeprefix("s3://models/")
    assert place.startswith("prior/tiny-sd/")
    assert world.models.objects_by_key[f"{place}about.txt"] == b""
    assert prepare(world, begun(world))["prior_uri"] == job["prior_uri"]
    pet = prepare(world, begun(world, world.subject(kind=SubjectKind.PET)))
    assert pet["prior_uri"] != job["prior_uri"]
    assert OWNER not in place
    assert "person" not in place


def test_class_images_that_a_job_made_are_kept_for_the_next(world: World) -> None:
    training = begun(world)
    place = prepare(world, training)["prior_uri"].removeprefix("s3://models/")
    world.leave_output(training, class_images=b"drawn")
    publish(world, training)
    assert world.models.objects_by_key[f"{place}class-images.safetensors"] == b"drawn"


def test_class_images_that_are_too_large_are_left_and_the_training_succeeds(world: World) -> None:
    training = begun(world)
    world.leave_output(training, class_images=bytes(65 * 1024 * 1024))
    assert publish(world, training)["state"] == "succeeded"
    assert not any(key.startswith("prior/") for key in world.models.objects_by_key)


def test_publish_records_how_the_published_checkpoint_did(world: World) -> None:
    training = begun(world)
    metrics = {
        "loss_last": 0.1,
        "measure": "clip",
        "chosen_step": 240,
        "identity": 0.93,
        "prompt_fidelity": 1,
        "likeness": 0.8,
        "score": 0.93,
    }
    world.leave_output(training, metrics=metrics)
    publish(world, training)
    expected = AdapterScores("clip", 240, 0.93, 1.0, 0.8, 0.93)
    assert world.training_now(training.id).scores == expected


def written_metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the last invocation wrote in embedded metric format."""
    lines = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    written: dict[str, Any] = json.loads(lines[-1])
    return written


def publish_scored(world: World, **scores: Any) -> None:
    """Publish an adapter whose checkpoint did like this."""
    training = begun(world)
    rest = {"chosen_step": 240, "likeness": 0.8, "loss_last": 0.1}
    world.leave_output(training, metrics={**rest, **scores})
    publish(world, training)


def test_operators_see_how_published_adapters_do(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_scored(world, measure="clip", identity=0.93, prompt_fidelity=0.97, score=0.9)
    written = written_metrics(capsys)
    assert written["AdapterIdentity"] == [0.93]
    assert written["AdapterPromptFidelity"] == [0.97]


def test_a_measure_that_knows_no_texts_gives_no_prompt_fidelity(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_scored(world, measure="low-frequencies", identity=0.5, score=0.5)
    written = written_metrics(capsys)
    assert written["AdapterIdentity"] == [0.5]
    assert "AdapterPromptFidelity" not in written


def test_operators_see_how_often_a_likeness_is_missed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = TrainingFailure(FailureCode.LOW_LIKENESS, "Only 3% of the way.").to_text()
    fail(world, begun(world), "States.TaskFailed", {"FailureReason": f"AlgorithmError: {reason}"})
    assert written_metrics(capsys)["TrainingsUnlike"]


def test_a_run_without_likeness_fails_with_advice_and_is_not_repeated(world: World) -> None:
    training = begun(world)
    reason = TrainingFailure(FailureCode.LOW_LIKENESS, "Only 3% of the way.").to_text()
    cause = {"TrainingJobStatus": "Failed", "FailureReason": f"AlgorithmError: {reason}"}
    assert fail(world, training, "States.TaskFailed", cause)["retry"] is False
    ended = world.training_now(training.id)
    assert ended.failure is not None
    assert ended.failure.code == "low_likeness"
    assert "photos" in ended.failure.reason
    assert world.models.objects_by_key == {}


def test_attempts_share_a_seed_and_trainings_do_not(world: World) -> None:
    subject = world.subject(kind=SubjectKind.PET)
    first = begun(world, subject)
    seeds = [prepare(world, first, n)["hyperparameters"]["seed"] for n in (1, 2)]
    end_training(world.table, OWNER, first.id, TrainingState.FAILED, world.clock.now())
    world.clock.advance(seconds=1)
    second = begun(world, subject)
    assert seeds[0] == seeds[1]
    assert prepare(world, second)["hyperparameters"]["seed"] != seeds[0]


def test_prepare_refuses_what_is_no_longer_wanted(world: World) -> None:
    training = begun(world)
    end_training(world.table, OWNER, training.id, TrainingState.CANCELLED, world.clock.now())
    with pytest.raises(TrainingGone):
        prepare(world, training)
    other = begun(world, world.subject())
    begin_subject_erasure(world.table, OWNER, other.subject_id, world.clock.now())
    with pytest.raises(TrainingGone):
        prepare(world, other)
    never = Training("trn_1", other.subject_id, OWNER, world.clock.now(), world.clock.now())
    with pytest.raises(TrainingGone):
        prepare(world, never)
    assert not any(key.endswith("photos.manifest") for key in world.work.objects_by_key)


def test_prepare_refuses_a_training_that_is_cancelled_while_it_looks(world: World) -> None:
    training = begun(world)

    def cancel() -> None:
        end_training(world.table, OWNER, training.id, TrainingState.CANCELLED, world.clock.now())

    world.table.before_write = cancel
    with pytest.raises(TrainingGone):
        prepare(world, training)


def test_prepare_says_when_photos_were_deleted_meanwhile(world: World) -> None:
    subject = world.subject()
    training = begun(world, subject)
    photo = next(iter(all_photos(world.table, OWNER, subject.id)))
    begin_photo_erasure(world.table, OWNER, subject.id, photo.id, world.clock.now())
    with pytest.raises(PhotosMissing) as missing:
        prepare(world, training)
    answer = fail(world, training, type(missing.value).__name__)
    assert answer["retry"] is False
    failure = world.training_now(training.id).failure
    assert failure is not None
    assert failure.code == "photos_unusable"


def test_publish_makes_the_subject_serve_the_adapter(world: World) -> None:
    subject = world.subject()
    training = begun(world, subject)
    world.leave_output(training)
    assert publish(world, training)["state"] == "succeeded"
    folder = f"adapters/{OWNER}/{subject.id}/{training.id}/"
    assert world.models.objects_by_key[f"{folder}adapter.safetensors"] == ADAPTER
    assert f"{folder}manifest.json" in world.models.objects_by_key
    after = world.subject_now(subject)
    assert (after.state, after.active_adapter, after.active_training) == (
        "ready",
        training.id,
        None,
    )
    done = world.training_now(training.id)
    assert done.adapter is not None
    assert done.adapter.size_bytes == len(ADAPTER)
    assert world.count("active_trainings") == 0


def test_publishing_twice_is_publishing_once(world: World) -> None:
    training = begun(world)
    world.leave_output(training)
    assert publish(world, training) == publish(world, training)
    assert world.count("active_trainings") == 0


@pytest.mark.parametrize(
    "manifest",
    [
        {"metrics": {"loss_last": None}},
        {"metrics": {}},
        {"sha256": "1" * 64},
    ],
)
def test_an_adapter_that_breaks_its_promise_is_not_published(
    world: World, manifest: dict[str, Any]
) -> None:
    subject = world.subject()
    training = begun(world, subject)
    world.leave_output(training, **manifest)
    with pytest.raises(AdapterRefused):
        publish(world, training)
    assert world.models.objects_by_key == {}
    assert fail(world, training, "AdapterRefused")["retry"] is False
    assert world.subject_now(subject).state == "collecting"


def test_an_adapter_for_another_base_model_is_not_published(world: World) -> None:
    training = begun(world)
    world.leave_output(training)
    world.settings = settings(base_model={"id": "tiny-sdxl"})
    with pytest.raises(AdapterRefused):
        publish(world, training)


def test_a_manifest_that_cannot_be_read_is_refused(world: World) -> None:
    training = begun(world)
    world.leave_output(training)
    for key in world.work.objects_by_key:
        world.work.objects_by_key[key] = b"{}"
    with pytest.raises(AdapterRefused):
        publish(world, training)


def test_a_job_without_output_ran_out_of_time(world: World) -> None:
    training = begun(world)
    with pytest.raises(OutputMissing):
        publish(world, training)
    fail(world, training, "OutputMissing")
    failure = world.training_now(training.id).failure
    assert failure is not None
    assert failure.code == "out_of_time"


def test_a_cancelled_training_publishes_nothing(world: World) -> None:
    training = begun(world)
    world.leave_output(training)
    end_training(world.table, OWNER, training.id, TrainingState.CANCELLED, world.clock.now())
    with pytest.raises(TrainingGone):
        publish(world, training)
    assert world.models.objects_by_key == {}


@pytest.mark.parametrize("gone", ["cancelled", "deleted"])
def test_what_ends_while_its_adapter_is_copied_leaves_nothing(world: World, gone: str) -> None:
    subject = world.subject()
    training = begun(world, subject)
    world.leave_output(training)

    def end() -> None:
        now = world.clock.now()
        if gone == "cancelled":
            end_training(world.table, OWNER, training.id, TrainingState.CANCELLED, now)
        else:
            begin_subject_erasure(world.table, OWNER, subject.id, now)

    world.table.before_write = end
    with pytest.raises(TrainingGone):
        publish(world, training)
    assert world.models.objects_by_key == {}
    if gone == "deleted":
        assert fail(world, training, "TrainingGone")["retry"] is False
        assert world.training_now(training.id).state is TrainingState.CANCELLED
        assert world.count("active_trainings") == 0


def test_publishing_without_the_subject_is_refused(world: World) -> None:
    training = begun(world)
    begin_subject_erasure(world.table, OWNER, training.subject_id, world.clock.now())
    with pytest.raises(TrainingGone):
        publish(world, training)


def test_publish_comes_back_when_storage_is_down(world: World) -> None:
    training = begun(world)
    world.leave_output(training)
    world.models.available = False
    with pytest.raises(Unavailable):
        publish(world, training)
    assert fail(world, training, "Unavailable")["retry"] is True
    world.models.available = True
    assert publish(world, training)["state"] == "succeeded"


def test_capacity_is_tried_again_until_the_attempts_are_used_up(world: World) -> None:
    subject = world.subject()
    training = begun(world, subject)
    cause = {
        "TrainingJobStatus": "Failed",
        "SecondaryStatus": "Failed",
        "FailureReason": "CapacityError: Unable to provision requested ML compute capacity.",
    }
    first = fail(world, training, "States.TaskFailed", cause, attempt=1)
    second = fail(world, training, "States.TaskFailed", cause, attempt=2)
    third = fail(world, training, "States.TaskFailed", cause, attempt=3)
    assert [first["retry"], second["retry"], third["retry"]] == [True, True, False]
    assert (first["attempt"], second["attempt"]) == (2, 3)
    assert 0 < first["wait_seconds"] < second["wait_seconds"]
    ended = world.training_now(training.id)
    assert ended.state is TrainingState.FAILED
    assert ended.failure is not None
    assert ended.failure.code == "no_capacity"
    assert world.subject_now(subject).state == "collecting"
    assert world.count("active_trainings") == 0


def test_an_adapter_that_serves_survives_a_failed_training(world: World) -> None:
    subject = world.subject()
    first = begun(world, subject)
    world.leave_output(first)
    publish(world, first)
    world.clock.advance(seconds=1)
    second = begun(world, subject)
    fail(world, second, "States.Timeout")
    after = world.subject_now(subject)
    assert (after.state, after.active_adapter) == ("ready", first.id)


def test_a_failure_of_a_training_that_has_ended_changes_nothing(world: World) -> None:
    training = begun(world)
    end_training(world.table, OWNER, training.id, TrainingState.CANCELLED, world.clock.now())
    answer = fail(world, training, "States.TaskFailed", "exit code: 137")
    assert answer["retry"] is False
    assert world.training_now(training.id).state is TrainingState.CANCELLED


def test_a_failure_of_a_training_that_never_was_is_no_failure(world: World) -> None:
    now = world.clock.now()
    training = Training(new_id(Prefix.TRAINING, now), "sub", OWNER, now, now)
    assert fail(world, training, "TrainingGone")["retry"] is False
