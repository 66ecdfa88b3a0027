"""What Rekognition is asked, and what its answers become; botocore checks both shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.face_places import LANDMARKS
from lambdas.adapters.moderation import RekognitionModeration
from lambdas.domain.errors import Unavailable
from lambdas.domain.look import Pose
from lambdas.ports import CannotBeScreened, Face, ModerationLabel, ReadLine
from tests.unit.lambdas.adapters.stubbed import stubbed

IMAGE = {"Bytes": b"jpeg"}
BOX = {"Width": 0.2, "Height": 0.3, "Left": 0.1, "Top": 0.15}
DETAIL: dict[str, Any] = {
    "BoundingBox": BOX,
    "Confidence": 97.5,
    "Quality": {"Brightness": 61.0, "Sharpness": 92.5},
    "Pose": {"Roll": -3.0, "Yaw": 21.0, "Pitch": 7.0},
    "AgeRange": {"Low": 24, "High": 32},
    "Sunglasses": {"Value": False, "Confidence": 99.0},
    "FaceOccluded": {"Value": True, "Confidence": 88.0},
}


class Rekognition:
    """The adapter, and where its answers are put."""

    def __init__(self) -> None:
        client, self.stub = stubbed("rekognition")
        self.asked = RekognitionModeration(lambda: client)

    def detects(self, *details: dict[str, Any]) -> None:
        wanted = {"Image": IMAGE, "Attributes": ["ALL"]}
        self.stub.add_response("detect_faces", {"FaceDetails": list(details)}, wanted)

    def compares(self, matches: list[float], unmatched: int = 0) -> None:
        wanted = {"SourceImage": IMAGE, "TargetImage": {"Bytes": b"other"}}
        face = {"BoundingBox": BOX, "Confidence": 99.0}
        answer = {
            "SourceImageFace": face,
            "FaceMatches": [{"Similarity": value, "Face": face} for value in matches],
            "UnmatchedFaces": [face] * unmatched,
        }
        self.stub.add_response("compare_faces", answer, {**wanted, "SimilarityThreshold": 0})


@pytest.fixture
def rekognition() -> Rekognition:
    return Rekognition()


def test_labels_come_with_their_category(rekognition: Rekognition) -> None:
    rekognition.stub.add_response(
        "detect_moderation_labels",
        {"ModerationLabels": [{"Name": "Explicit", "Confidence": 99.0, "ParentName": "Top"}]},
        {"Image": IMAGE, "MinConfidence": 50},
    )
    labels = rekognition.asked.labels(b"jpeg", min_confidence=50)
    assert labels == [ModerationLabel("Explicit", "Top", 99.0)]


def test_a_face_comes_with_all_that_is_measured_of_it(rekognition: Rekognition) -> None:
    rekognition.detects(DETAIL)
    assert rekognition.asked.faces(b"jpeg") == [
        Face(
            confidence=97.5,
            width=0.2,
            height=0.3,
            left=0.1,
            top=0.15,
            brightness=61.0,
            sharpness=92.5,
            pose=Pose(yaw=21.0, pitch=7.0, roll=-3.0),
            age_low=24,
            occluded=88.0,
            sunglasses=0.0,
        )
    ]


def test_a_face_says_where_eyes_nose_and_mouth_are(rekognition: Rekognition) -> None:
    marks = [
        {"Type": name, "X": 0.1 * number, "Y": 0.5} for number, name in enumerate(LANDMARKS, 1)
    ]
    rekognition.detects({**DETAIL, "Landmarks": [{"Type": "chinBottom", "X": 0, "Y": 0}, *marks]})
    places = rekognition.asked.faces(b"jpeg")[0].places
    assert places is not None
    assert places.places == tuple((0.1 * number, 0.5) for number in range(1, 6))


def test_an_age_that_is_not_told_is_no_adult_s(rekognition: Rekognition) -> None:
    rekognition.detects({name: value for name, value in DETAIL.items() if name != "AgeRange"})
    assert rekognition.asked.faces(b"jpeg")[0].age_low == 0


def test_of_celebrities_only_the_certainty_is_taken(rekognition: Rekognition) -> None:
    known = {"Name": "Somebody Famous", "Id": "1", "MatchConfidence": 97.0, "Urls": []}
    answer = {"CelebrityFaces": [known], "UnrecognizedFaces": []}
    rekognition.stub.add_response("recognize_celebrities", answer, {"Image": IMAGE})
    assert rekognition.asked.celebrities(b"jpeg") == [97.0]


def test_text_is_taken_line_by_line(rekognition: Rekognition) -> None:
    found = [
        {"Type": "LINE", "DetectedText": "two words", "Confidence": 93.0, "Id": 0},
        {"Type": "WORD", "DetectedText": "two", "Confidence": 97.0, "Id": 1, "ParentId": 0},
        {"Type": "WORD", "DetectedText": "words", "Confidence": 91.0, "Id": 2, "ParentId": 0},
    ]
    rekognition.stub.add_response("detect_text", {"TextDetections": found}, {"Image": IMAGE})
    assert rekognition.asked.text(b"jpeg") == [ReadLine("two words", 93.0)]


@pytest.mark.parametrize(
    ("matches", "unmatched", "likeness"),
    [([12.0, 99.5], 0, 99.5), ([], 2, 0.0), ([], 0, None)],
)
def test_a_likeness_is_that_of_the_likest_face(
    rekognition: Rekognition, matches: list[float], unmatched: int, likeness: float | None
) -> None:
    rekognition.compares(matches, unmatched)
    assert rekognition.asked.likeness(b"jpeg", b"other") == likeness


def test_a_picture_without_a_face_cannot_be_compared(rekognition: Rekognition) -> None:
    rekognition.stub.add_client_error("compare_faces", "InvalidParameterException")
    assert rekognition.asked.likeness(b"jpeg", b"other") is None


CALLS: dict[str, Callable[[RekognitionModeration], object]] = {
    "detect_moderation_labels": lambda asked: asked.labels(b"jpeg", min_confidence=50),
    "detect_faces": lambda asked: asked.faces(b"jpeg"),
    "recognize_celebrities": lambda asked: asked.celebrities(b"jpeg"),
    "detect_text": lambda asked: asked.text(b"jpeg"),
    "compare_faces": lambda asked: asked.likeness(b"jpeg", b"other"),
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ThrottlingException", 400, Unavailable),
        ("ProvisionedThroughputExceededException", 400, Unavailable),
        ("InternalServerError", 500, Unavailable),
        ("InvalidImageFormatException", 400, CannotBeScreened),
        ("ImageTooLargeException", 400, CannotBeScreened),
        ("AccessDeniedException", 400, ClientError),
    ],
)
def test_what_passes_by_itself_is_told_from_what_never_will_and_from_our_mistakes(
    rekognition: Rekognition, operation: str, code: str, status: int, error: type[Exception]
) -> None:
    rekognition.stub.add_client_error(operation, code, http_status_code=status)
    with pytest.raises(error):
        CALLS[operation](rekognition.asked)
