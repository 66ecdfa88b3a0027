"""How well the local detectors see: measured on varied pictures, held to bounds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from local_aws.rekognition import attributes, faces, likeness
from local_aws.rekognition.face import Face
from tests.local_aws.portraits import Pixels, faceless, other_people, portrait, variations


@pytest.fixture(scope="module")
def portraits() -> list[Pixels]:
    return variations(60)


@pytest.fixture(scope="module")
def detections(portraits: list[Pixels]) -> list[list[Face]]:
    return [faces.detect(image) for image in portraits]


def test_a_portrait_is_found_cropped_mirrored_tilted_and_in_other_light(
    detections: list[list[Face]],
) -> None:
    found_once = sum(len(found) == 1 for found in detections)

    assert found_once / len(detections) >= 0.95


def test_pictures_without_a_face_have_none() -> None:
    images = faceless(40)

    assert sum(bool(faces.detect(image)) for image in images) <= 1


def test_two_people_are_two_faces() -> None:
    one = portrait()[:300, 60:390]

    assert len(faces.detect(np.hstack([one, one[:, ::-1]]))) == 2


def test_the_box_lies_on_the_face() -> None:
    box = attributes.bounding_box(faces.detect(portrait())[0], 512, 512)

    assert box["Left"] < 225 / 512 < box["Left"] + box["Width"]
    assert box["Top"] < 130 / 512 < box["Top"] + box["Height"]
    assert 0.12 < box["Width"] < 0.4


@pytest.mark.parametrize("tilt", [-12, 12])
def test_the_roll_follows_the_tilt(tilt: int) -> None:
    turn = cv2.getRotationMatrix2D((225, 130), tilt, 1.0)
    image = np.asarray(cv2.warpAffine(portrait(), turn, (512, 512)), np.uint8)

    roll = attributes.describe(image, faces.detect(image)[0])["Pose"]["Roll"]

    assert roll * -tilt > 0
    assert abs(roll) > 4


def test_quality_follows_light_and_focus() -> None:
    def quality(image: Pixels) -> dict[str, float]:
        found = attributes.describe(image, faces.detect(portrait())[0])
        values: dict[str, float] = found["Quality"]
        return values

    plain = quality(portrait())
    dark = quality((portrait() * 0.4).astype(np.uint8))
    blurred = quality(np.asarray(cv2.GaussianBlur(portrait(), (0, 0), 4), np.uint8))

    assert dark["Brightness"] < 0.6 * plain["Brightness"]
    assert blurred["Sharpness"] < 0.7 * plain["Sharpness"]


def test_sunglasses_are_seen() -> None:
    image = portrait()
    face = faces.detect(image)[0]
    left, right = int(face.x - 0.35 * face.size), int(face.x + 0.35 * face.size)
    top, bottom = int(face.y - 0.22 * face.size), int(face.y - 0.02 * face.size)
    masked = image.copy()
    masked[top:bottom, left:right] = 10

    with_them = attributes.describe(masked, face, frozenset({"Sunglasses"}))
    without = attributes.describe(image, face, frozenset({"Sunglasses"}))

    assert with_them["Sunglasses"]["Value"] is True
    assert without["Sunglasses"]["Value"] is False


def test_the_same_face_is_more_alike_than_other_people(
    portraits: list[Pixels], detections: list[list[Face]]
) -> None:
    source, reference = portrait(), faces.detect(portrait())[0]
    pairs = [(i, f[0]) for i, f in zip(portraits, detections, strict=True) if f]
    same = [likeness.similarity(source, reference, image, face) for image, face in pairs]
    other = [
        likeness.similarity(source, reference, image, Face(100, 100, 170, 0, 90.0))
        for image in other_people(40)
    ]

    assert np.mean(np.array(same) >= 80) >= 0.95
    assert max(other) < 50
