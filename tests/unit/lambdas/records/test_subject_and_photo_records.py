"""Races and refusals that the API's own tests do not reach."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.domain.errors import IllegalTransition, NotFound, Unavailable
from lambdas.domain.photo import PhotoState
from lambdas.records.account import Counted, why_not_one_more
from lambdas.records.photos import (
    all_photos,
    begin_photo_erasure,
    create_slots,
    read_photo,
    step,
)
from lambdas.table import ConditionFailed
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.given import World


def test_a_limit_that_is_no_longer_reached_gives_no_reason() -> None:
    world = World()
    assert why_not_one_more(world.table, OWNER, Counted.SUBJECTS, limit=1) is None


def test_a_step_that_the_diagram_does_not_have_is_not_even_tried() -> None:
    world = World()
    subject = world.subject(accepted=1)
    (photo,) = all_photos(world.table, OWNER, subject.id)
    with pytest.raises(IllegalTransition):
        step(world.table, photo, PhotoState.CHECKING, world.clock.now())


def test_of_two_verdicts_only_the_first_counts() -> None:
    world = World()
    subject = world.subject(accepted=1)
    (accepted,) = all_photos(world.table, OWNER, subject.id)
    checking = type(accepted)(**{**accepted.__dict__, "state": PhotoState.CHECKING})
    assert not step(world.table, checking, PhotoState.REJECTED, world.clock.now())
    assert world.subject_now(subject).photos.accepted == 1


def test_more_photos_than_a_page_are_all_found() -> None:
    world = World()
    subject = world.subject(accepted=3)
    query = world.table.query

    def short_pages(*args: Any, **options: Any) -> Any:
        return query(*args, **{**options, "limit": 1})

    world.table.query = short_pages  # type: ignore[method-assign]
    assert len(list(all_photos(world.table, OWNER, subject.id))) == 3


def test_what_always_changes_in_between_is_told_to_come_back() -> None:
    world = World()
    subject = world.subject(accepted=1)
    (photo,) = all_photos(world.table, OWNER, subject.id)
    world.table.write = _always_losing  # type: ignore[method-assign]
    now = world.clock.now()
    with pytest.raises(Unavailable):
        begin_photo_erasure(world.table, OWNER, subject.id, photo.id, now)
    with pytest.raises(Unavailable):
        create_slots(world.table, OWNER, subject.id, [photo], now, maximum=15)


def _always_losing(*_: Any) -> None:
    raise ConditionFailed


def test_a_photo_that_never_was_is_not_found() -> None:
    with pytest.raises(NotFound):
        read_photo(World().table, OWNER, "sub_1", "pho_1")
