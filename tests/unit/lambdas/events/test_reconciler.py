from __future__ import annotations

from datetime import timedelta

import pytest

from lambdas.domain.generation import Generation, GenerationState
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.photo import ContentType, Photo, PhotoState
from lambdas.domain.training import Training, TrainingState
from lambdas.events.reconciler import ReconcilingFailed
from lambdas.ports import Execution
from lambdas.records.generations import advance_generation
from lambdas.records.keys import training_key
from lambdas.records.photos import create_slots, read_photo, step
from lambdas.records.subjects import begin_subject_erasure
from lambdas.records.trainings import create_training
from lambdas.records.watching import in_state_since
from tests.unit.lambdas.api.review_world import RED, ReviewWorld
from tests.unit.lambdas.events.result_world import FAILURE, OUTPUT, ResultWorld
from tests.unit.lambdas.events.test_any_order import reconcile
from tests.unit.lambdas.gateway import OWNER


@pytest.fixture
def world() -> ResultWorld:
    return ResultWorld()


def slot(world: ResultWorld) -> Photo:
    now = world.clock.now()
    photo = Photo(
        id=new_id(Prefix.PHOTO, now),
        owner=OWNER,
        subject_id=world.subject(accepted=0).id,
        content_type=ContentType.JPEG,
        size_bytes=1000,
        created_at=now,
        expires_at=now + timedelta(minutes=15),
    )
    create_slots(world.table, OWNER, photo.subject_id, [photo], now, maximum=15)
    return photo


def key(photo: Photo) -> str:
    return f"photos/{OWNER}/{photo.subject_id}/{photo.id}"


def state(world: ResultWorld, photo: Photo) -> PhotoState:
    return read_photo(world.table, OWNER, photo.subject_id, photo.id).state


def training(world: ResultWorld) -> Training:
    now = world.clock.now()
    made = Training(new_id(Prefix.TRAINING, now), world.subject().id, OWNER, now, now)
    create_training(world.table, made, limit=5)
    return made


def test_an_upload_whose_event_was_lost_is_sent_to_be_looked_at(world: ResultWorld) -> None:
    photo = slot(world)
    world.uploads.objects_by_key[key(photo)] = b"jpeg"
    reconcile(world)
    assert world.intake.messages == []
    world.clock.advance(minutes=1)
    reconcile(world)
    (message,) = world.intake.messages
    assert message["detail"]["object"]["key"] == key(photo)
    assert message["detail"]["bucket"]["name"] == "uploads"


def test_a_slot_whose_upload_never_came_expires(world: ResultWorld) -> None:
    photo = slot(world)
    world.clock.advance(minutes=5)
    reconcile(world)
    assert state(world, photo) is PhotoState.AWAITING_UPLOAD
    world.clock.advance(minutes=11)
    reconcile(world)
    assert state(world, photo) is PhotoState.EXPIRED
    assert world.intake.messages == []


def test_a_look_that_never_ended_is_taken_again(world: ResultWorld) -> None:
    photo = slot(world)
    step(world.table, photo, PhotoState.CHECKING, world.clock.now())
    world.clock.advance(minutes=10)
    reconcile(world)
    assert world.intake.messages == []
    world.clock.advance(minutes=15)
    reconcile(world)
    assert [m["detail"]["object"]["key"] for m in world.intake.messages] == [key(photo)]


@pytest.mark.parametrize(
    ("execution", "code"),
    [
        (None, "internal_error"),
        (Execution("FAILED", "TrainingFailed", ""), "internal_error"),
        (Execution("FAILED", "States.TaskFailed", "CapacityError: none"), "no_capacity"),
        (Execution("ABORTED"), "internal_error"),
        (Execution("TIMED_OUT"), "out_of_time"),
        (Execution("SUCCEEDED"), "internal_error"),
    ],
)
def test_a_training_that_nothing_works_on_fails(
    world: ResultWorld, execution: Execution | None, code: str
) -> None:
    made = training(world)
    if execution is not None:
        world.runner.executions[made.id] = execution
    reconcile(world)
    assert world.training_now(made.id).state is TrainingState.QUEUED
    world.clock.advance(minutes=3)
    reconcile(world)
    ended = world.training_now(made.id)
    assert ended.failure is not None
    assert (ended.state, ended.failure.code) == (TrainingState.FAILED, code)
    assert world.count("active_trainings") == 0


def test_a_training_that_is_worked_on_is_left_alone(world: ResultWorld) -> None:
    made = training(world)
    world.runner.start(made.id, {})
    world.clock.advance(hours=3)
    reconcile(world)
    assert world.training_now(made.id).state is TrainingState.QUEUED


def test_an_answer_whose_event_was_lost_is_told_again(world: ResultWorld) -> None:
    generation = world.begin()
    world.leave_answer(generation)
    world.clock.advance(minutes=2)
    reconcile(world)
    assert world.tell(*world.results.messages) == []
    assert world.now_of(generation).state is GenerationState.SUCCEEDED
    assert OUTPUT not in world.work.objects_by_key


def test_a_failure_whose_event_was_lost_is_told_again(world: ResultWorld) -> None:
    generation = world.begin()
    world.work.objects_by_key[FAILURE] = b"Request expired in the queue"
    world.clock.advance(minutes=2)
    reconcile(world)
    assert world.tell(*world.results.messages) == []
    assert world.now_of(generation).state is GenerationState.EXPIRED


def failure_of(world: ResultWorld, generation: Generation) -> tuple[str, str]:
    found = world.now_of(generation)
    assert found.failure is not None
    return found.state.value, found.failure.code


def test_a_generation_that_was_saved_and_never_asked_for_fails(world: ResultWorld) -> None:
    generation = world.begin(invoked=False)
    world.clock.advance(minutes=10)
    reconcile(world)
    assert world.now_of(generation).state is GenerationState.QUEUED
    world.clock.advance(minutes=10)
    reconcile(world)
    assert failure_of(world, generation) == ("failed", "internal_error")


def test_a_request_that_nobody_took_in_time_expires(world: ResultWorld) -> None:
    generation = world.begin()
    world.clock.advance(hours=6, minutes=5)
    reconcile(world)
    assert world.now_of(generation).state is GenerationState.QUEUED
    world.clock.advance(minutes=10)
    reconcile(world)
    assert failure_of(world, generation) == ("expired", "expired")


def test_a_request_that_was_taken_at_the_last_moment_may_be_worked_on_for_its_hour(
    world: ResultWorld,
) -> None:
    generation = world.begin()
    folder = f"generations/{OWNER}/{generation.id}/"
    world.work.objects_by_key[f"{folder}progress.json"] = b"{}"
    world.clock.advance(hours=6, minutes=20)
    reconcile(world)
    assert world.now_of(generation).state is GenerationState.RUNNING
    world.clock.advance(minutes=60)
    reconcile(world)
    assert world.now_of(generation).state is GenerationState.RUNNING
    world.clock.advance(minutes=20)
    reconcile(world)
    assert failure_of(world, generation) == ("failed", "timed_out")


def test_images_that_wait_for_screening_are_taken_up_again(world: ResultWorld) -> None:
    generation = world.begin()
    world.leave_answer(generation)
    advance_generation(world.table, generation, GenerationState.SCREENING, world.clock.now())
    world.clock.advance(minutes=25)
    reconcile(world)
    assert len(world.results.messages) == 1
    assert world.now_of(generation).state is GenerationState.SCREENING
    del world.work.objects_by_key[OUTPUT]
    reconcile(world)
    assert failure_of(world, generation) == ("failed", "result_lost")


def test_an_erasure_whose_message_was_lost_is_sent_again(world: ResultWorld) -> None:
    subject = world.subject(accepted=0)
    begin_subject_erasure(world.table, OWNER, subject.id, world.clock.now())
    reconcile(world)
    assert world.erasure.messages == []
    world.clock.advance(minutes=11)
    reconcile(world)
    assert [m["id"] for m in world.erasure.messages] == [subject.id]


def test_one_kinds_trouble_does_not_keep_the_others_waiting(world: ResultWorld) -> None:
    photo = slot(world)
    made = training(world)
    world.runner.available = False
    world.clock.advance(minutes=20)
    with pytest.raises(ReconcilingFailed, match="trainings"):
        reconcile(world)
    assert state(world, photo) is PhotoState.EXPIRED
    world.runner.available = True
    reconcile(world)
    assert world.training_now(made.id).state is TrainingState.FAILED


def test_a_record_that_cannot_be_read_does_not_keep_those_behind_it_waiting(
    world: ResultWorld,
) -> None:
    broken = training(world)
    del world.table.items[training_key(OWNER, broken.id)]["updated_at"]
    world.clock.advance(minutes=1)
    behind = training(world)
    world.clock.advance(minutes=20)
    with pytest.raises(ReconcilingFailed, match="trainings"):
        reconcile(world)
    assert world.training_now(behind.id).state is TrainingState.FAILED


def test_a_visit_takes_the_oldest_and_leaves_the_rest_for_the_next(world: ResultWorld) -> None:
    for _ in range(150):
        world.begin()
        world.clock.advance(seconds=1)
    now = world.clock.now()
    found = list(in_state_since(world.table, "GENERATION", "queued", now))
    assert len(found) == 150
    assert [item["gsi2sk"] for item in found] == sorted(item["gsi2sk"] for item in found)


def test_an_operator_sees_how_long_the_oldest_review_has_waited(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = ReviewWorld()
    reconcile(world)
    assert "OldestOpenReviewSeconds" not in capsys.readouterr().out, "an empty queue is silent"
    world.judged(RED)
    world.judged(RED)
    world.clock.advance(hours=1)
    reconcile(world)
    assert '"OldestOpenReviewSeconds":[3602.0]' in capsys.readouterr().out
    for review in world.queue():
        world.decide(review["id"], "withhold")
    capsys.readouterr()
    reconcile(world)
    assert "OldestOpenReviewSeconds" not in capsys.readouterr().out
