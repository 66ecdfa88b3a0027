from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lambdas.domain.generation import GenerationState
from lambdas.domain.photo import PhotoState
from lambdas.domain.settings import RetentionDays
from lambdas.domain.subject import SubjectState
from lambdas.domain.training import PublishedAdapter, TrainingState
from lambdas.events.reconciling.expiry import Expiry
from lambdas.records import keys
from lambdas.records.erasures import Erasure
from lambdas.records.generations import adapter_expired, end_generation, find_generation
from lambdas.records.photos import all_photos
from lambdas.records.subjects import begin_subject_erasure, read_subject
from lambdas.records.trainings import end_training, read_training
from lambdas.table import Update
from tests.unit.lambdas.events.erasure_world import Estate
from tests.unit.lambdas.fakes import FakeQueue
from tests.unit.lambdas.gateway import OWNER

KEPT = RetentionDays(photos=30, adapters=60, images=10, requests=5)


class Household(Estate):
    """An estate whose things are kept for a time."""

    def visit(self, retention: RetentionDays = KEPT) -> list[str]:
        """One visit of the reconciler, and all erasures that it begins; their kinds."""
        queue = FakeQueue()
        Expiry(self.world.table, self.world.clock, queue, retention).run()
        for message in queue.messages:
            assert self.erase(Erasure.from_message(message)) == []
        return [str(message["kind"]) for message in queue.messages]

    def after(self, **time: float) -> list[str]:
        self.world.clock.advance(**time)
        return self.visit()

    def learned(self) -> tuple[str, str]:
        """A subject with an adapter that was published now; and its training."""
        subject = self.world.subject(accepted=2).id
        for photo in all_photos(self.world.table, OWNER, subject):
            self.put(self.photos, f"{OWNER}/{subject}/{photo.id}.jpg")
        return subject, self.published(subject)

    def published(self, subject: str) -> str:
        training = self.training(subject)
        self.put(self.world.models, f"adapters/{OWNER}/{subject}/{training}/adapter.safetensors")
        now, made = self.world.clock.now(), PublishedAdapter("0" * 64, 1)
        done = TrainingState.SUCCEEDED
        assert end_training(self.world.table, OWNER, training, done, now, adapter=made)
        return training

    def ended(self, state: GenerationState, days: int) -> str:
        made = self.generation(None, GenerationState.QUEUED)
        now = self.world.clock.now()
        if state is GenerationState.SUCCEEDED:
            key = keys.generation_key(OWNER, made)
            self.world.table.write(Update(key, set={"state": GenerationState.SCREENING.value}))
            self.put(self.world.avatars, f"{OWNER}/{made}/img_1.png")
        assert end_generation(
            self.world.table, OWNER, made, state, now, expires_at=now + timedelta(days=days)
        )
        return made


@pytest.fixture
def house() -> Household:
    return Household()


def objects(house: Household, text: str) -> list[str]:
    return [key for key in house.objects() if text in key]


def test_images_go_with_their_generation_when_their_time_is_over(house: Household) -> None:
    generation = house.ended(GenerationState.SUCCEEDED, 10)
    assert house.after(days=9, hours=23) == []
    assert objects(house, generation)
    assert house.after(hours=2) == ["generation"]
    assert objects(house, generation) == []
    assert find_generation(house.world.table, OWNER, generation) is None
    assert not house.due_later()


def test_photos_go_one_by_one_and_give_back_their_places(house: Household) -> None:
    subject, _ = house.learned()
    assert house.after(days=29) == []
    assert house.after(days=1, minutes=1) == ["photo", "photo"]
    assert objects(house, "photos:") == []
    after = read_subject(house.world.table, OWNER, subject)
    assert (after.photos.places, after.photos.accepted) == (0, 0)
    assert after.state is SubjectState.READY


def test_photos_that_a_training_reads_wait_for_its_end(house: Household) -> None:
    subject, _ = house.learned()
    house.world.clock.advance(days=29)
    house.visit()
    training = house.training(subject)
    assert house.after(days=1, minutes=1) == []
    house.world.table.write(
        Update(keys.training_key(OWNER, training), set={"state": TrainingState.RUNNING.value})
    )
    end_training(house.world.table, OWNER, training, TrainingState.FAILED, house.world.clock.now())
    assert house.after(hours=1, minutes=1) == ["photo", "photo"]


def test_a_subject_whose_adapter_is_over_says_that_it_needs_another_training(
    house: Household,
) -> None:
    subject, training = house.learned()
    table = house.world.table
    for _ in range(59):
        assert "adapter" not in house.after(days=1)
    assert house.after(days=1) == ["adapter"]
    after = read_subject(table, OWNER, subject)
    assert (after.state, after.active_adapter) == (SubjectState.COLLECTING, None)
    assert after.adapter_expired_at == house.world.clock.now()
    assert read_training(table, OWNER, training).adapter is None
    assert objects(house, "adapters/") == []
    assert adapter_expired().code == "adapter_expired"
    again = house.published(subject)
    after = read_subject(table, OWNER, subject)
    assert (after.state, after.active_adapter) == (SubjectState.READY, again)
    assert after.adapter_expired_at is None


def test_an_adapter_that_another_has_replaced_goes_without_its_subject_noticing(
    house: Household,
) -> None:
    subject, old = house.learned()
    house.world.clock.advance(days=30)
    house.visit()
    new = house.published(subject)
    assert house.after(days=31) == ["adapter"]
    after = read_subject(house.world.table, OWNER, subject)
    assert (after.state, after.active_adapter) == (SubjectState.READY, new)
    assert objects(house, old) == []
    assert objects(house, new)


def test_an_adapter_that_is_over_while_its_subject_is_trained_leaves_the_training_alone(
    house: Household,
) -> None:
    subject, _ = house.learned()
    house.world.clock.advance(days=61)
    training = house.training(subject)
    assert "adapter" in house.visit()
    after = read_subject(house.world.table, OWNER, subject)
    assert (after.state, after.active_training) == (SubjectState.TRAINING, training)
    assert after.active_adapter is None


@pytest.mark.parametrize("retention", [RetentionDays(), KEPT])
def test_a_subject_is_looked_at_once_a_day_whatever_is_kept(
    house: Household, retention: RetentionDays
) -> None:
    subject = house.world.subject(accepted=1).id
    key = keys.subject_key(OWNER, subject)
    for _ in range(3):
        house.world.clock.advance(days=1)
        assert house.visit(retention) == []
        item: dict[str, Any] = house.world.table.get(key) or {}
        due = datetime.fromisoformat(item["gsi2sk"])
        assert due == house.world.clock.now() + timedelta(days=1)


def test_what_is_being_deleted_is_left_to_its_own_erasure(house: Household) -> None:
    subject, _ = house.learned()
    house.world.clock.advance(days=99)
    begin_subject_erasure(house.world.table, OWNER, subject, house.world.clock.now())
    assert house.visit() == []


def test_a_refused_photo_is_kept_no_longer_than_an_accepted_one(house: Household) -> None:
    subject = house.world.subject(accepted=1).id
    (photo,) = all_photos(house.world.table, OWNER, subject)
    house.world.table.write(
        Update(keys.photo_key(OWNER, subject, photo.id), set={"state": PhotoState.REJECTED.value})
    )
    assert house.after(days=31) == ["photo"]
