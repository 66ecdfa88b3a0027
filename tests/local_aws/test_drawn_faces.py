"""Drawn people are found, described and told apart; pets, things and places are no people."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import cv2
import numpy as np
import pytest
import torch

from local_aws.rekognition import attributes, faces, likeness
from local_aws.rekognition.drawn import network
from local_aws.rekognition.face import Face
from local_aws.rekognition.learning import finder, identity, pictures
from local_aws.rekognition.learning.layers import Body, linear
from tests.local_aws.portraits import Pixels, portrait
from training.miniature.world import Scene, random_subject
from training.miniature.world.scene import Camera


def bgr(picture: Pixels) -> Pixels:
    return np.ascontiguousarray(picture[..., ::-1])


def drawn_person(seed: int, scene: Scene, side: int = 128) -> pictures.Portrait:
    subject = random_subject(random.Random(f"test {seed}"), "person", marked=False)
    return pictures.portrait(subject, scene, side)


def people(count: int, style: str) -> Iterator[pictures.Portrait]:
    rng = random.Random(f"test {style}")
    for number in range(count):
        yield drawn_person(number, pictures.varied_scene(rng, style))


@pytest.mark.parametrize(
    ("style", "share"),
    [("flat", 0.95), ("watercolour", 0.9), ("pencil", 0.9), ("pixel", 0.9), ("neon", 0.9)],
)
def test_drawn_people_are_found_in_every_style(style: str, share: float) -> None:
    found = [faces.detect(bgr(one.pixels)) for one in people(20, style)]

    assert np.mean([len(seen) == 1 and seen[0].drawn is not None for seen in found]) >= share


@pytest.mark.parametrize("side", [64, 256, 1024])
def test_the_box_lies_on_the_face_at_any_size(side: int) -> None:
    one = drawn_person(3, Scene(), side)
    face = faces.detect(bgr(one.pixels))[0]
    box = attributes.bounding_box(face, side, side)
    low, high = one.truth.outline.min(axis=0) / side, one.truth.outline.max(axis=0) / side

    assert [box["Left"], box["Top"]] == pytest.approx(low, abs=0.07)
    assert [box["Left"] + box["Width"], box["Top"] + box["Height"]] == pytest.approx(high, abs=0.07)


@pytest.mark.parametrize("side", [-1, 1])
def test_roll_and_yaw_follow_the_head(side: int) -> None:
    one = drawn_person(4, Scene(camera=Camera(tilt=0.2 * side, yaw=0.8 * side)))
    detail = attributes.describe(bgr(one.pixels), faces.detect(bgr(one.pixels))[0])

    assert detail["Pose"]["Roll"] * side == pytest.approx(np.rad2deg(0.26), abs=5)
    assert 15 < detail["Pose"]["Yaw"] * side <= 45


def test_people_side_by_side_are_counted() -> None:
    sheet = np.hstack([drawn_person(n, Scene(), 256).pixels for n in (5, 6, 7)])

    assert len(faces.detect(bgr(sheet))) == 3


def test_pets_things_and_empty_places_have_no_human_face() -> None:
    others = [pictures.other_kind(f"test {n}") for n in range(15)]
    others += [pictures.empty_place(f"test {n}") for n in range(15)]

    assert sum(bool(faces.detect(bgr(picture))) for picture in others) <= 2


def test_light_and_focus_of_a_drawn_face_are_measured() -> None:
    picture = bgr(drawn_person(8, Scene(), 256).pixels)

    def quality(image: Pixels) -> dict[str, float]:
        found: dict[str, float] = attributes.describe(image, faces.detect(image)[0])["Quality"]
        return found

    plain = quality(picture)
    dark = quality((picture * 0.5).astype(np.uint8))
    blurred = quality(np.asarray(cv2.GaussianBlur(picture, (0, 0), 4), np.uint8))

    assert dark["Brightness"] < 0.6 * plain["Brightness"]
    assert blurred["Sharpness"] < 0.7 * plain["Sharpness"]


@pytest.mark.parametrize(
    ("name", "there", "absent"),
    [
        ("Sunglasses", Scene(glasses="sunglasses"), Scene()),
        ("FaceOccluded", Scene(glasses="sunglasses"), Scene(glasses="glasses")),
        ("Eyeglasses", Scene(glasses="glasses"), Scene()),
        ("Smile", Scene(expression="smiling"), Scene(expression="sad")),
        ("EyesOpen", Scene(expression="calm"), Scene(expression="winking")),
    ],
)
def test_what_is_visible_of_a_drawn_face_is_told(name: str, there: Scene, absent: Scene) -> None:
    def told(scene: Scene) -> list[bool]:
        drawn = [bgr(drawn_person(n, scene).pixels) for n in range(10, 20)]
        return [
            attributes.describe(p, faces.detect(p)[0], frozenset({name}))[name]["Value"]
            for p in drawn
        ]

    assert sum(told(there)) >= 9
    assert sum(told(absent)) <= 1


def test_a_face_half_outside_of_the_picture_is_occluded() -> None:
    picture = bgr(drawn_person(21, Scene()).pixels)
    whole = faces.detect(picture)[0]
    cut = replace(whole, x=0.0)

    def occluded(face: Face) -> bool:
        told = attributes.describe(picture, face, frozenset({"FaceOccluded"}))["FaceOccluded"]
        value: bool = told["Value"]
        return value

    assert not occluded(whole)
    assert occluded(cut)


def area(same: list[float], other: list[float]) -> float:
    return float(np.mean(np.array(same)[:, None] > np.array(other)[None, :]))


def test_a_drawn_person_is_told_from_others_whatever_they_wear() -> None:
    seen: list[tuple[int, Pixels, Face]] = []
    for number in range(16):
        subject = random_subject(random.Random(f"test person {number}"), "person")
        for one in pictures.portraits_of(subject, f"test {number}", 4):
            found = faces.detect(bgr(one.pixels))
            seen += [(number, bgr(one.pixels), face) for face in found[:1]]
    same: list[float] = []
    other: list[float] = []
    for (a, first, one_face), (b, second, other_face) in combinations(seen, 2):
        alike = likeness.similarity(first, one_face, second, other_face)
        (same if a == b else other).append(alike)

    assert area(same, other) >= 0.95
    assert np.mean(np.array(other) >= 80) <= 0.04


def test_clothes_place_and_light_are_not_the_person() -> None:
    changed = Scene(
        clothes="suit", clothes_colour="red", place="beach", light="warm", expression="laughing"
    )
    first, second, other = (
        bgr(one.pixels)
        for one in (drawn_person(30, Scene()), drawn_person(30, changed), drawn_person(31, Scene()))
    )
    own, moved, stranger = (faces.detect(picture)[0] for picture in (first, second, other))

    assert likeness.similarity(first, own, second, moved) >= 80
    assert likeness.similarity(first, own, other, stranger) < 50


def test_a_drawn_face_is_never_a_photographed_one() -> None:
    picture = bgr(drawn_person(32, Scene(), 256).pixels)
    drawn, photographed = faces.detect(picture)[0], faces.detect(portrait())[0]

    assert photographed.drawn is None
    assert likeness.similarity(picture, drawn, portrait(), photographed) == 0


def test_numpy_computes_what_torch_was_trained_with() -> None:
    torch.manual_seed(1)
    body, head = Body(network.FINDER), torch.nn.Linear(network.FINDER[-1].width, 7)
    with torch.no_grad():
        body(torch.randn(4, 3, 96, 96))  # moves the running statistics
    body.eval()
    tensors = {
        name: tensor.astype(np.float32)
        for name, tensor in (body.tensors("f") | linear("f.head", head)).items()
    }
    picture = np.random.default_rng(1).uniform(-1, 1, (96, 96, 3)).astype(np.float32)

    ours = network.dense(tensors, "f.head", network.features(tensors, "f", network.FINDER, picture))

    with torch.no_grad():
        theirs = head(body(torch.from_numpy(picture).permute(2, 0, 1)[None]).permute(0, 2, 3, 1))
    np.testing.assert_allclose(ours, theirs[0].numpy(), atol=0.02)


def test_the_weights_are_small() -> None:
    assert network.WEIGHTS.stat().st_size <= 2_000_000


def test_the_networks_learn_from_a_few_steps() -> None:
    rng = random.Random("learning")
    subjects = [pictures.family(f"learning {n}") for n in range(identity.FAMILIES)]
    families = [
        tuple([pictures.portrait(s, pictures.varied_scene(rng))] * identity.VIEWS for s in pair)
        for pair in subjects
    ]
    everybody = [one for pair in families for group in pair for one in group]

    found = finder.train(everybody, steps=2, batch=4, others=12).tensors()
    known = identity.train(families, steps=2)  # type: ignore[arg-type]
    slope, middle = identity.calibrated(known, families[:4])  # type: ignore[arg-type]

    assert set(found) | set(known.tensors()) | {"identity.similarity"} == set(network.weights())
    assert np.isfinite([slope, middle]).all()


def test_the_same_subject_is_the_same_at_other_sizes() -> None:
    scene = replace(Scene(), hat="cap")
    small, large = (bgr(drawn_person(33, scene, side).pixels) for side in (64, 512))
    one, other = faces.detect(small)[0], faces.detect(large)[0]

    assert likeness.similarity(small, one, large, other) >= 80
