"""Rekognition through the SDK: AWS's answers, limits, permissions, and what tests may plant."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from PIL import Image

from lambdas.domain.moderation import TAXONOMY
from local_aws.rekognition import attributes, faces, moderation, text
from local_aws.testcards import Card, stamped, unsafe_card
from local_aws.testing import EmbeddedAws
from tests.local_aws.conftest import allow
from tests.local_aws.portraits import Pixels, portrait
from training.miniature.photos import photos_of, subject_of

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


@pytest.fixture(scope="module")
def drawn_photos() -> list[bytes]:
    return [
        encoded(photo.image) for photo in photos_of(subject_of(7), count=2, seed=7, side=256)
    ] + [encoded(photo.image) for photo in photos_of(subject_of(8), count=1, seed=8, side=256)]


def test_drawn_faces_are_compared(rekognition: Any, drawn_photos: list[bytes]) -> None:
    source, same, other = ({"Bytes": photo} for photo in drawn_photos)

    of_one = rekognition.compare_faces(SourceImage=source, TargetImage=same)
    of_two = rekognition.compare_faces(SourceImage=source, TargetImage=other)
    asked = rekognition.compare_faces(SourceImage=source, TargetImage=other, SimilarityThreshold=0)

    assert len(of_one["FaceMatches"]) == 1
    assert of_two["FaceMatches"] == []
    assert {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"} == set(
        of_two["UnmatchedFaces"][0]
    )
    assert asked["FaceMatches"][0]["Similarity"] < 80


def test_a_source_without_a_face_is_an_invalid_parameter(
    rekognition: Any, drawn_photos: list[bytes]
) -> None:
    empty, face = {"Bytes": encoded(Image.new("RGB", (200, 200)))}, {"Bytes": drawn_photos[0]}

    code = error_code(rekognition.compare_faces, SourceImage=empty, TargetImage=face)

    assert code == "InvalidParameterException"


def test_single_attributes_are_given_beside_the_defaults(
    rekognition: Any, drawn_photos: list[bytes]
) -> None:
    image = {"Bytes": drawn_photos[0]}

    face = rekognition.detect_faces(Image=image, Attributes=["FACE_OCCLUDED", "SMILE"])
    unknown = error_code(rekognition.detect_faces, Image=image, Attributes=["CHARM"])

    assert {"FaceOccluded", "Smile"} == set(face["FaceDetails"][0]) - {
        "BoundingBox",
        "Confidence",
        "Landmarks",
        "Pose",
        "Quality",
    }
    assert unknown == "InvalidParameterException"


@pytest.mark.parametrize("kind", ["drawn", "photographed"])
def test_a_portrait_with_the_card_of_a_minor_shows_a_child(
    rekognition: Any, photo: bytes, drawn_photos: list[bytes], kind: str
) -> None:
    plain = Image.open(io.BytesIO(drawn_photos[0] if kind == "drawn" else photo))

    def age(image: Image.Image) -> dict[str, int]:
        content = {"Bytes": encoded(image)}
        found = rekognition.detect_faces(Image=content, Attributes=["ALL"])["FaceDetails"]
        assert len(found) == 1
        years: dict[str, int] = found[0]["AgeRange"]
        return years

    assert age(plain)["Low"] >= 18
    assert age(stamped(plain, Card.MINOR))["High"] < 18
    assert age(stamped(plain, Card.CELEBRITY))["Low"] >= 18


def test_only_the_card_makes_a_celebrity(rekognition: Any, photo: bytes) -> None:
    famous = encoded(stamped(Image.open(io.BytesIO(photo)), Card.CELEBRITY), quality=50)

    nobody = rekognition.recognize_celebrities(Image={"Bytes": photo})
    somebody = rekognition.recognize_celebrities(Image={"Bytes": famous})

    assert nobody["CelebrityFaces"] == []
    assert len(nobody["UnrecognizedFaces"]) == 1
    assert somebody["UnrecognizedFaces"] == []
    found = somebody["CelebrityFaces"][0]
    assert found["Name"]
    assert found["Id"].isalnum()
    assert found["MatchConfidence"] > 90
    assert found["Face"]["BoundingBox"]["Width"] > 0.1


def test_text_is_read_from_cards_only(rekognition: Any, photo: bytes) -> None:
    card = encoded(stamped(Image.open(io.BytesIO(photo)), Card.TEXT))

    none = rekognition.detect_text(Image={"Bytes": photo})
    read = rekognition.detect_text(Image={"Bytes": card})["TextDetections"]

    assert none["TextDetections"] == []
    assert [(one["Type"], one["DetectedText"]) for one in read] == [
        ("LINE", "TEST CARD: TEXT"),
        ("WORD", "TEST"),
        ("WORD", "CARD:"),
        ("WORD", "TEXT"),
    ]
    assert [one.get("ParentId") for one in read] == [None, 0, 0, 0]


def test_a_planted_celebrity_and_planted_lines_meet_pictures_without_cards(
    aws: EmbeddedAws, rekognition: Any, photo: bytes
) -> None:
    for rule in (
        {"operation": "RecognizeCelebrities", "celebrity": 61.5},
        {"operation": "DetectText", "lines": ["on a wall"]},
    ):
        aws.control("/_local/rekognition/verdicts", rule)

    (famous,) = rekognition.recognize_celebrities(Image={"Bytes": photo})["CelebrityFaces"]
    read = rekognition.detect_text(Image={"Bytes": photo})["TextDetections"]

    assert famous["MatchConfidence"] == 61.5
    assert [one["DetectedText"] for one in read] == ["on a wall", "on", "a", "wall"]


def test_the_local_taxonomy_is_the_one_that_images_are_judged_by() -> None:
    assert moderation.PARENTS == TAXONOMY


def test_a_stamped_card_is_not_the_unsafe_one(rekognition: Any, photo: bytes) -> None:
    for card in set(Card) - {Card.UNSAFE}:
        image = {"Bytes": encoded(stamped(Image.open(io.BytesIO(photo)), card))}
        assert rekognition.detect_moderation_labels(Image=image)["ModerationLabels"] == []


@pytest.mark.parametrize(
    ("operation", "image"),
    [
        ("DetectFaces", "Image"),
        ("CompareFaces", "SourceImage"),
        ("RecognizeCelebrities", "Image"),
        ("DetectText", "Image"),
    ],
)
def test_every_operation_needs_its_own_permission(
    make_role: MakeRole, as_role: AsRole, photo: bytes, operation: str, image: str
) -> None:
    role = make_role(f"other-than-{operation}", "lambda.amazonaws.com", allow("rekognition:Other"))
    client = as_role("rekognition", role)
    arguments = {image: {"Bytes": photo}}
    if operation == "CompareFaces":
        arguments["TargetImage"] = {"Bytes": photo}

    code = error_code(getattr(client, xform_name(operation)), **arguments)

    assert code == "AccessDeniedException"


def test_answers_have_the_fields_of_awss_model_and_no_others(
    aws: EmbeddedAws, photo: bytes, drawn_photos: list[bytes]
) -> None:
    model = aws.client("rekognition").meta.service_model
    card = stamped(Image.open(io.BytesIO(photo)), Card.CELEBRITY)
    images = [cv2_pixels(photo), cv2_pixels(drawn_photos[0]), cv2_pixels(encoded(card))]
    whole = frozenset(attributes.ATTRIBUTES.values())
    detail = model.operation_model("DetectFaces").output_shape.members["FaceDetails"].member
    face = model.operation_model("CompareFaces").output_shape.members["UnmatchedFaces"].member
    read = model.operation_model("DetectText").output_shape.members["TextDetections"].member

    for pixels in images:
        found = faces.detect(pixels)[0]
        check(attributes.describe(pixels, found, whole), detail)
        check(attributes.compared(pixels, found), face)
    for one in text.detections(text.printed(images[-1])):
        check(one, read)


def cv2_pixels(content: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def check(value: Any, shape: Any) -> None:
    """Fails on a field that the model lacks, on another type, or on a value out of range."""
    if shape.type_name == "structure":
        assert set(value) <= set(shape.members), set(value) - set(shape.members)
        for name, part in value.items():
            check(part, shape.members[name])
    elif shape.type_name == "list":
        for part in value:
            check(part, shape.member)
    elif shape.type_name == "string":
        assert value in shape.enum if shape.enum else isinstance(value, str)
    elif shape.type_name == "boolean":
        assert isinstance(value, bool)
    else:
        assert isinstance(value, int if shape.type_name == "integer" else float)
        assert shape.metadata.get("min", value) <= value <= shape.metadata.get("max", value)
