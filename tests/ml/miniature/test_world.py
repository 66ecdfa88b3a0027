"""The drawn world: fixed by a seed, subjects stay themselves, captions are true."""

import random
from dataclasses import replace

import numpy as np
import pytest

from training.miniature.world import (
    TRAITS,
    Scene,
    Subject,
    caption,
    draw_array,
    random_scene,
    random_subject,
    traits_of,
)
from training.miniature.world.scene import EXPRESSIONS, HATS, PLACES, STYLES
from training.miniature.world.subject import CUTS, FACES, PETS, THINGS, Marks


def _person(seed: int = 1) -> Subject:
    subject = random_subject(random.Random(seed), kind="person", marked=False)
    return replace(subject, cut="short", noun="woman", beard="none", skin_rgb=(243, 200, 165))


def test_the_same_subject_and_scene_are_drawn_alike_every_time() -> None:
    rng = random.Random(7)
    for _ in range(6):
        subject, scene = random_subject(rng), random_scene(rng)
        assert np.array_equal(draw_array(subject, scene, 64), draw_array(subject, scene, 64))


def test_a_seed_fixes_subject_scene_and_caption() -> None:
    def made() -> tuple[Subject, Scene, str]:
        rng = random.Random(11)
        subject, scene = random_subject(rng), random_scene(rng)
        return subject, scene, caption(subject, scene, rng).text

    assert made() == made()


@pytest.mark.parametrize("side", [64, 128])
def test_pictures_have_the_side_that_was_asked_for(side: int) -> None:
    picture = draw_array(_person(), Scene(), side)
    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("hat", HATS)
def test_every_haircut_is_drawn_with_every_hat(cut: str, hat: str) -> None:
    picture = draw_array(replace(_person(), cut=cut), Scene(hat=hat), 64)
    assert picture.std() > 10


@pytest.mark.parametrize("style", STYLES)
def test_every_style_changes_the_picture(style: str) -> None:
    flat = draw_array(_person(), Scene(), 64).astype(int)
    styled = draw_array(_person(), Scene(style=style), 64).astype(int)
    assert (np.abs(flat - styled).mean() > 5) == (style != "flat")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("noun", [*PETS, *THINGS])
def test_every_creature_is_drawn_in_every_place(noun: str, place: str) -> None:
    kind = "pet" if noun in PETS else "object"
    subject = replace(random_subject(random.Random(3), kind=kind), noun=noun)
    for expression in EXPRESSIONS:
        scene = Scene(place=place, expression=expression, hat="crown", glasses="glasses")
        assert draw_array(subject, scene, 64).std() > 10


@pytest.mark.parametrize(
    "marks",
    [
        Marks(scar=(0.45, 0.25, 0.3)),
        Marks(mole=(-0.4, 0.5)),
        Marks(freckles=((0.3, 0.3), (-0.3, 0.3), (0.45, 0.28), (-0.45, 0.28))),
    ],
)
def test_a_mark_shows_on_the_face_and_in_no_caption(marks: Marks) -> None:
    plain, marked = _person(), replace(_person(), marks=marks)
    assert _changed(plain, marked) >= 12
    for seed in range(50):
        told = caption(marked, Scene(), random.Random(seed), detail=1.0)
        assert told == caption(plain, Scene(), random.Random(seed), detail=1.0)


def test_odd_eyes_show_and_captions_then_name_no_eye_colour() -> None:
    plain = replace(_person(), eyes_rgb=(112, 62, 24))
    odd = replace(plain, marks=Marks(odd_eye=(34, 120, 226)))
    assert _changed(plain, odd) >= 12
    for seed in range(50):
        assert "eyes" not in caption(odd, Scene(), random.Random(seed), detail=1.0).text


def _changed(one: Subject, other: Subject) -> int:
    """Pixels that differ visibly."""
    apart = draw_array(one, Scene(), 128).astype(int) - draw_array(other, Scene(), 128)
    return int((np.abs(apart).max(axis=2) > 30).sum())


@pytest.mark.parametrize(
    ("subject", "scene", "hidden"),
    [
        ({}, {"hat": "beanie"}, {"cut", "hair"}),
        ({"cut": "long"}, {"hat": "beanie"}, {"cut"}),
        ({"cut": "bald"}, {"hat": "top hat"}, {"cut", "hair"}),
        ({"cut": "bald"}, {}, {"hair", "hat_colour"}),
        ({}, {"hat": "crown"}, {"hat_colour"}),
        ({}, {"glasses": "sunglasses"}, {"eyes"}),
        ({}, {"glasses": "sunglasses", "expression": "winking"}, {"eyes", "expression"}),
    ],
)
def test_what_is_covered_is_no_trait_of_the_picture(
    subject: dict[str, str], scene: dict[str, str], hidden: set[str]
) -> None:
    shown = traits_of(replace(_person(), **subject), Scene(**scene))  # type: ignore[arg-type]
    assert not hidden & set(shown)
    assert {"noun", "skin", "clothes", "backdrop"} <= set(shown)


def test_a_marked_person_always_has_a_scar_and_an_unmarked_one_has_nothing() -> None:
    rng = random.Random(5)
    for _ in range(40):
        assert random_subject(rng, kind="person", marked=True).marks.scar is not None
        assert random_subject(rng, kind="person", marked=False).marks == Marks()


def test_scars_are_rare_enough_to_be_learned_only_by_training_on_a_subject() -> None:
    rng = random.Random(5)
    people = [random_subject(rng, kind="person") for _ in range(400)]
    assert 0.05 < sum(p.marks.scar is not None for p in people) / len(people) < 0.35


def test_captions_name_only_what_the_picture_shows() -> None:
    rng = random.Random(21)
    for _ in range(400):
        subject, scene = random_subject(rng), random_scene(rng)
        told, shown = caption(subject, scene, rng), traits_of(subject, scene)
        assert set(told.named) <= set(shown), told
        for trait in ("hair", "eyes", "clothes_colour", "hat_colour", "fur", "body"):
            if trait in told.named:
                assert shown[trait] in told.text, told


def test_full_detail_names_more_than_little_detail() -> None:
    rng = random.Random(2)
    rows = [(random_subject(rng), random_scene(rng)) for _ in range(100)]
    much = sum(len(caption(*row, rng, detail=0.9).named) for row in rows)
    little = sum(len(caption(*row, rng, detail=0.2).named) for row in rows)
    assert much > 2 * little


def test_word_order_varies() -> None:
    subject, scene = _person(), Scene(hat="cap", glasses="glasses")
    texts = {caption(subject, scene, random.Random(s), detail=1.0).text for s in range(40)}
    assert len(texts) > 35


def test_a_colour_stands_with_its_own_noun() -> None:
    scene = Scene(hat="top hat", hat_colour="blue", clothes="hoodie", clothes_colour="yellow")
    subject = replace(_person(), hair="red")
    for seed in range(60):
        words = caption(subject, scene, random.Random(seed), detail=1.0).text
        assert "yellow hoodie" in words
        assert "blue hair" not in words
        assert "red top hat" not in words


def test_traits_are_values_of_their_list() -> None:
    rng = random.Random(9)
    for _ in range(200):
        for trait, value in traits_of(random_subject(rng), random_scene(rng)).items():
            assert value in TRAITS[trait]


def test_face_shapes_differ() -> None:
    pictures = [draw_array(replace(_person(), face=face), Scene(), 64).tobytes() for face in FACES]
    assert len(set(pictures)) == len(FACES)
