"""What others do between our reading and our writing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from lambdas.domain.errors import NotFound, Unavailable
from lambdas.domain.generation import GenerationState
from lambdas.domain.training import TrainingState
from lambdas.records import keys
from lambdas.records.erasures import due_erasures
from lambdas.records.generations import (
    advance_generation,
    begin_generation_erasure,
    create_generation,
    discard_generation,
    end_generation,
)
from lambdas.records.trainings import create_training, end_training, mark_running
from lambdas.table import ConditionFailed
from tests.unit.lambdas.events.result_world import ResultWorld
from tests.unit.lambdas.events.test_training_steps import begun
from tests.unit.lambdas.gateway import OWNER


@pytest.fixture
def world() -> ResultWorld:
    return ResultWorld()


def again_and_again(world: ResultWorld, change: Callable[[], None]) -> None:
    """Do `change` before every write from now on."""

    def hook() -> None:
        change()
        world.table.before_write = hook

    world.table.before_write = hook


def flip(world: ResultWorld, generation_id: str) -> Callable[[], None]:
    """Changes the record's state to one that nobody expects."""
    item = world.table.items[keys.generation_key(OWNER, generation_id)]
    states = [GenerationState.WARMING.value, GenerationState.RUNNING.value]

    def change() -> None:
        item["state"] = states[item["state"] == states[0]]

    return change


def test_a_generation_is_deleted_although_it_moves_meanwhile(world: ResultWorld) -> None:
    generation = world.begin()

    def move() -> None:
        advance_generation(world.table, generation, GenerationState.RUNNING, world.clock.now())

    world.table.before_write = move
    begin_generation_erasure(world.table, OWNER, generation.id, world.clock.now())
    assert world.now_of(generation).deleting
    assert world.count("active_generations") == 0


def test_what_never_stands_still_is_tried_later(world: ResultWorld) -> None:
    generation = world.begin()
    again_and_again(world, flip(world, generation.id))
    with pytest.raises(Unavailable):
        begin_generation_erasure(world.table, OWNER, generation.id, world.clock.now())


def test_a_generation_that_ends_meanwhile_ends_once(world: ResultWorld) -> None:
    generation = world.begin()
    now = world.clock.now()

    def cancel() -> None:
        end_generation(world.table, OWNER, generation.id, GenerationState.CANCELLED, now)

    world.table.before_write = cancel
    assert not end_generation(world.table, OWNER, generation.id, GenerationState.EXPIRED, now)
    assert world.now_of(generation).state is GenerationState.CANCELLED
    assert world.count("active_generations") == 0


def test_counters_that_are_gone_do_not_keep_anything_from_ending(world: ResultWorld) -> None:
    generation, training = world.begin(), begun(world)
    now = world.clock.now()
    del world.table.items[keys.account_key(OWNER)]
    assert end_generation(world.table, OWNER, generation.id, GenerationState.CANCELLED, now)
    assert end_training(world.table, OWNER, training.id, TrainingState.CANCELLED, now)


def test_what_is_gone_cannot_end_or_be_deleted(world: ResultWorld) -> None:
    generation = world.begin()
    now = world.clock.now()
    discard_generation(world.table, generation)
    discard_generation(world.table, generation)
    assert world.count("active_generations") == 0
    assert due_erasures(world.table, generation.deadline) == []
    (left,) = due_erasures(world.table, generation.deadline + timedelta(minutes=10))
    assert left.id == generation.id
    assert not end_generation(world.table, OWNER, generation.id, GenerationState.FAILED, now)
    assert not end_training(world.table, OWNER, "trn_1", TrainingState.FAILED, now)
    with pytest.raises(NotFound):
        begin_generation_erasure(world.table, OWNER, generation.id, now)


def test_the_same_id_is_never_saved_twice(world: ResultWorld) -> None:
    generation, training = world.begin(), begun(world)
    with pytest.raises(ConditionFailed):
        create_generation(world.table, generation, limit=100)
    end_training(world.table, OWNER, training.id, TrainingState.FAILED, world.clock.now())
    with pytest.raises(ConditionFailed):
        create_training(world.table, training, limit=100)


def test_news_of_an_older_attempt_do_not_turn_back_a_newer_one(world: ResultWorld) -> None:
    training = begun(world)
    now = world.clock.now()
    assert mark_running(world.table, training, now, attempt=2)
    assert not mark_running(world.table, training, now, attempt=1)
    assert world.training_now(training.id).attempt == 2


def test_a_subject_that_never_stands_still_lets_its_training_end_later(
    world: ResultWorld,
) -> None:
    training = begun(world)
    subject = world.table.items[keys.subject_key(OWNER, training.subject_id)]

    def change() -> None:
        subject["active_training"] = "another"

    again_and_again(world, change)
    with pytest.raises(Unavailable):
        end_training(world.table, OWNER, training.id, TrainingState.FAILED, world.clock.now())
