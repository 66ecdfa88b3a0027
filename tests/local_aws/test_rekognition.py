"""Rekognition through the SDK: AWS's answers, limits, permissions, and what tests may plant."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from local_aws.testcards import unsafe_card
from local_aws.testing import EmbeddedAws
from tests.local_aws.conftest import allow
from tests.local_aws.portraits import portrait

MakeRole = Callable[..., str]
AsRole = Callable[[str, str], Any]


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def photo() -> bytes:
    return encoded(Image.fromarray(portrait()[:, :, ::-1]))


@pytest.fixture
def rekognition(aws: EmbeddedAws) -> Iterator[Any]:
    yield aws.client("rekognition")
    aws.control_delete("/_local/rekognition/verdicts")


def test_a_face_is_described_in_awss_shape(rekognition: Any, photo: bytes) -> None:
    found = rekognition.detect_faces(Image={"Bytes": photo}, Attributes=["ALL"])["FaceDetails"]

    assert len(found) == 1
    face = found[0]
    assert 90 <= face["Confidence"] <= 100
    assert 0 < face["BoundingBox"]["Width"] < 1
    assert {"Brightness", "Sharpness"} == set(face["Quality"])
    assert {"Roll", "Yaw", "Pitch"} == set(face["Pose"])
    assert face["AgeRange"]["Low"] >= 18
    assert face["Sunglasses"]["Value"] is False


def test_without_attributes_only_the_defaults_are_given(rekognition: Any, photo: bytes) -> None:
    face = rekognition.detect_faces(Image={"Bytes": photo})["FaceDetails"][0]

    assert set(face) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"not an image", "InvalidImageFormatException"),
        (encoded(Image.new("RGB", (90, 90)), "GIF"), "InvalidImageFormatException"),
        (encoded(Image.new("RGB", (90, 90)), "PNG")[:60], "InvalidImageFormatException"),
        (b"\xff\xd8" + bytes(5 * 1024 * 1024), "ImageTooLargeException"),
    ],
    ids=["text", "gif", "cut off", "over 5 MB"],
)
def test_what_is_no_image_is_refused_as_by_aws(rekognition: Any, content: bytes, code: str) -> None:
    assert error_code(rekognition.detect_faces, Image={"Bytes": content}) == code


def test_a_missing_object_and_a_missing_parameter_are_told_apart(
    aws: EmbeddedAws, rekognition: Any
) -> None:
    aws.client("s3").create_bucket(Bucket="rekognition-empty")
    absent = {"S3Object": {"Bucket": "rekognition-empty", "Name": "absent.jpg"}}

    assert error_code(rekognition.detect_faces, Image=absent) == "InvalidS3ObjectException"
    assert error_code(rekognition.detect_faces, Image={}) == "InvalidParameterException"


def test_both_the_operation_and_the_object_need_the_callers_permission(
    aws: EmbeddedAws, make_role: MakeRole, as_role: AsRole, photo: bytes
) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="rekognition-photos")
    s3.put_object(Bucket="rekognition-photos", Key="a.jpg", Body=photo)
    image = {"S3Object": {"Bucket": "rekognition-photos", "Name": "a.jpg"}}
    detect = allow("rekognition:DetectFaces")
    read = allow("s3:GetObject", on="arn:aws:s3:::rekognition-photos/*")
    whole, no_read, no_detect = (
        as_role("rekognition", make_role(f"rekognition-{name}", "lambda.amazonaws.com", *granted))
        for name, granted in {"a": [detect, read], "b": [detect], "c": [read]}.items()
    )

    assert len(whole.detect_faces(Image=image)["FaceDetails"]) == 1
    assert error_code(no_read.detect_faces, Image=image) == "AccessDeniedException"
    assert error_code(no_detect.detect_faces, Image=image) == "AccessDeniedException"


def test_the_test_card_is_unsafe_with_its_parent_category(rekognition: Any) -> None:
    answer = rekognition.detect_moderation_labels(Image={"Bytes": encoded(unsafe_card(), "PNG")})

    labels = {label["Name"]: label for label in answer["ModerationLabels"]}
    assert labels["Explicit Nudity"]["ParentName"] == "Explicit"
    assert labels["Explicit Nudity"]["Confidence"] == 99
    assert labels["Explicit"]["ParentName"] == ""
    assert answer["ModerationModelVersion"]


@pytest.mark.parametrize(
    "variation",
    [
        lambda card: encoded(card, quality=30),
        lambda card: encoded(card.resize((200, 200))),
        lambda card: encoded(card.resize((1600, 1600))),
        lambda card: encoded(card.crop((45, 45, 512, 512))),
        lambda card: encoded(card.rotate(8, fillcolor="gray")),
        lambda card: encoded(card.rotate(90)),
        lambda card: encoded(card.point(lambda value: int(value * 0.6))),
        lambda card: encoded(card.resize((128, 128)), "PNG"),
    ],
    ids=["jpeg 30", "small", "large", "cropped", "tilted", "turned", "darker", "tiny"],
)
def test_the_test_card_survives_what_happens_to_photos(
    rekognition: Any, variation: Callable[[Image.Image], bytes]
) -> None:
    answer = rekognition.detect_moderation_labels(Image={"Bytes": variation(unsafe_card())})

    assert answer["ModerationLabels"]


def test_photos_and_noise_are_safe(rekognition: Any, photo: bytes) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (400, 400, 3)).astype(np.uint8)

    for content in (photo, encoded(Image.fromarray(noise), "PNG")):
        assert (
            rekognition.detect_moderation_labels(Image={"Bytes": content})["ModerationLabels"] == []
        )


def test_labels_under_the_wanted_confidence_are_left_out(rekognition: Any) -> None:
    answer = rekognition.detect_moderation_labels(
        Image={"Bytes": encoded(unsafe_card())}, MinConfidence=99.5
    )

    assert answer["ModerationLabels"] == []


def test_a_planted_verdict_meets_one_call(aws: EmbeddedAws, rekognition: Any, photo: bytes) -> None:
    rule = {"operation": "DetectModerationLabels", "count": 1, "labels": ["Graphic Violence"]}
    aws.control("/_local/rekognition/verdicts", rule)

    answers = [
        rekognition.detect_moderation_labels(Image={"Bytes": photo})["ModerationLabels"]
        for _ in range(2)
    ]

    assert [[label["Name"] for label in labels] for labels in answers] == [
        ["Graphic Violence", "Violence"],
        [],
    ]


def test_a_planted_fault_is_met_until_it_is_removed(
    aws: EmbeddedAws, rekognition: Any, photo: bytes
) -> None:
    rule = {
        "operation": "DetectFaces",
        "count": None,
        "fault": "ProvisionedThroughputExceededException",
    }
    aws.control("/_local/rekognition/verdicts", rule)
    image = {"Bytes": photo}

    assert error_code(rekognition.detect_faces, Image=image) == rule["fault"]
    aws.control_delete("/_local/rekognition/verdicts")
    assert rekognition.detect_faces(Image=image)["FaceDetails"]


def test_faces_are_compared(rekognition: Any, photo: bytes) -> None:
    mirrored = encoded(Image.fromarray(portrait()[:, ::-1, ::-1]), quality=60)

    answer = rekognition.compare_faces(
        SourceImage={"Bytes": photo}, TargetImage={"Bytes": mirrored}
    )
    strict = rekognition.compare_faces(
        SourceImage={"Bytes": photo},
        TargetImage={"Bytes": encoded(Image.new("RGB", (200, 200), "gray"))},
    )

    assert answer["FaceMatches"][0]["Similarity"] >= 90
    assert answer["SourceImageFace"]["Confidence"] > 90
    assert strict["FaceMatches"] == strict["UnmatchedFaces"] == []


def test_nobody_is_a_celebrity(rekognition: Any, photo: bytes) -> None:
    answer = rekognition.recognize_celebrities(Image={"Bytes": photo})

    assert answer["CelebrityFaces"] == []
    assert len(answer["UnrecognizedFaces"]) == 1
