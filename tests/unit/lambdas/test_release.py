from __future__ import annotations

import pytest

from lambdas.domain.errors import Unavailable
from lambdas.domain.generation import Generation
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.locations import avatar_key
from lambdas.records import keys
from lambdas.records.generations import begin_generation_erasure
from lambdas.records.marks import find_mark, number_of
from lambdas.release import Release
from tests.unit.lambdas.endpoint_answers import png
from tests.unit.lambdas.events.result_world import ResultWorld
from tests.unit.lambdas.gateway import OWNER


@pytest.fixture
def world() -> ResultWorld:
    return ResultWorld()


def release(world: ResultWorld) -> Release:
    return Release(world.settings, world.table, world.clock, world.avatars, (world.marking,))


def number_in(world: ResultWorld, generation: Generation, image: str) -> int:
    content = world.avatars.objects_by_key[avatar_key(OWNER, generation.id, image)]
    return int.from_bytes(content.rpartition(b"MARK")[2], "big")


def test_all_images_of_a_generation_carry_its_number_and_those_of_others_another(
    world: ResultWorld,
) -> None:
    one = world.begin(2)
    world.clock.advance(seconds=1)
    other = world.begin(1)
    images = [new_id(Prefix.IMAGE, world.clock.now()) for _ in range(3)]
    for generation, image in zip((one, one, other), images, strict=True):
        release(world)(generation, image, png())
    first, second, third = (
        number_in(world, generation, image)
        for generation, image in zip((one, one, other), images, strict=True)
    )
    assert first == second != third
    mark = find_mark(world.table, first)
    assert mark is not None
    assert (mark.owner, mark.generation_id) == (OWNER, one.id)
    assert mark.made_at == world.clock.now()


def test_a_number_that_is_taken_is_drawn_again(world: ResultWorld) -> None:
    one, now = world.begin(1), world.clock.now()
    assert number_of(world.table, one, now, draw=lambda _: 7) == 7
    world.clock.advance(seconds=1)
    drawn = iter([7, 7, 8])
    assert number_of(world.table, world.begin(1), now, draw=lambda _: next(drawn)) == 8
    mark = find_mark(world.table, 7)
    assert mark is not None
    assert mark.generation_id == one.id


def test_of_two_deliveries_at_once_both_use_the_number_of_the_first(world: ResultWorld) -> None:
    generation, now = world.begin(1), world.clock.now()
    world.table.before_write = lambda: number_of(world.table, generation, now, draw=lambda _: 1)
    assert number_of(world.table, generation, now, draw=lambda _: 2) == 1
    assert find_mark(world.table, 2) is None


def test_what_is_being_erased_gets_no_number_and_is_not_released(world: ResultWorld) -> None:
    generation = world.begin(1)
    begin_generation_erasure(world.table, OWNER, generation.id, world.clock.now())
    with pytest.raises(Unavailable):
        release(world)(generation, "img", png())
    assert world.released == set()
    assert not [key for key in world.table.items if key.pk.startswith("MARK#")]


def test_a_mark_lapses_with_its_generations_images(world: ResultWorld) -> None:
    generation, now = world.begin(1), world.clock.now()
    number = number_of(world.table, generation, now, retention_days=3)
    item = world.table.get(keys.mark_key(number))
    assert item is not None
    assert item["ttl"] == int(now.timestamp()) + 3 * 86400


def test_without_any_marking_an_image_is_released_as_it_is(world: ResultWorld) -> None:
    generation = world.begin(1)
    plain = Release(world.settings, world.table, world.clock, world.avatars, ())
    plain(generation, "img", png())
    assert list(world.avatars.objects_by_key.values()) == [png()]
    assert not [key for key in world.table.items if key.pk.startswith("MARK#")]
