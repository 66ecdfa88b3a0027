"""Image moderation on Rekognition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from contract.face_places import FacePlaces
from lambdas.adapters.failures import calling, code_of
from lambdas.domain.look import Pose
from lambdas.ports import CannotBeScreened, Face, ModerationLabel, ReadLine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_rekognition.type_defs import FaceDetailTypeDef

# What Rekognition says of pictures that it does not take ("Errors" of each operation).
_NEVER = frozenset(
    {"ImageTooLargeException", "InvalidImageFormatException", "InvalidParameterException"}
)


class RekognitionModeration:
    """Implements `ImageModeration`."""

    def __init__(self, client: Callable[[], RekognitionClient]) -> None:
        self._client = client

    def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
        """See `ImageModeration.labels`."""
        with _asking("image moderation"):
            answer = self._client().detect_moderation_labels(
                Image={"Bytes": image}, MinConfidence=min_confidence
            )
        return [
            ModerationLabel(label["Name"], label.get("ParentName", ""), label["Confidence"])
            for label in answer["ModerationLabels"]
        ]

    def faces(self, image: bytes) -> Sequence[Face]:
        """See `ImageModeration.faces`."""
        with _asking("face detection"):
            answer = self._client().detect_faces(Image={"Bytes": image}, Attributes=["ALL"])
        return [_face(detail) for detail in answer["FaceDetails"]]

    def celebrities(self, image: bytes) -> Sequence[float]:
        """See `ImageModeration.celebrities`."""
        with _asking("celebrity recognition"):
            answer = self._client().recognize_celebrities(Image={"Bytes": image})
        return [celebrity["MatchConfidence"] for celebrity in answer["CelebrityFaces"]]

    def text(self, image: bytes) -> Sequence[ReadLine]:
        """See `ImageModeration.text`."""
        with _asking("text detection"):
            answer = self._client().detect_text(Image={"Bytes": image})
        return [
            ReadLine(found["DetectedText"], found["Confidence"])
            for found in answer["TextDetections"]
            if found["Type"] == "LINE"
        ]

    def likeness(self, image: bytes, other: bytes) -> float | None:
        """See `ImageModeration.likeness`."""
        try:
            with calling("face comparison"):
                answer = self._client().compare_faces(
                    SourceImage={"Bytes": image},
                    TargetImage={"Bytes": other},
                    SimilarityThreshold=0,
                )
        except ClientError as error:
            # "If no faces are detected in the source or target images, CompareFaces returns an
            # InvalidParameterException" (API reference).
            if code_of(error) == "InvalidParameterException":
                return None
            raise _final(error) from error
        found = [match["Similarity"] for match in answer["FaceMatches"]]
        return max(found) if found else 0.0 if answer["UnmatchedFaces"] else None


@contextmanager
def _asking(service: str) -> Iterator[None]:
    try:
        with calling(service):
            yield
    except ClientError as error:
        raise _final(error) from error


def _final(error: ClientError) -> Exception:
    return CannotBeScreened(code_of(error)) if code_of(error) in _NEVER else error


def _face(detail: FaceDetailTypeDef) -> Face:
    box, quality, pose = detail["BoundingBox"], detail["Quality"], detail["Pose"]
    return Face(
        confidence=detail["Confidence"],
        width=box["Width"],
        height=box["Height"],
        left=box["Left"],
        top=box["Top"],
        brightness=quality["Brightness"],
        sharpness=quality["Sharpness"],
        pose=Pose(pose["Yaw"], pose["Pitch"], pose["Roll"]),
        # An age that is not given is not known to be enough.
        age_low=detail["AgeRange"]["Low"] if "AgeRange" in detail else 0,
        occluded=_certainty(detail.get("FaceOccluded")),
        sunglasses=_certainty(detail.get("Sunglasses")),
        places=FacePlaces.of(
            {mark["Type"]: (mark["X"], mark["Y"]) for mark in detail.get("Landmarks", [])}
        ),
    )


def _certainty(attribute: Mapping[str, Any] | None) -> float:
    """How sure it is that the attribute is there; Confidence speaks of Value, true or false."""
    return float(attribute["Confidence"]) if attribute and attribute["Value"] else 0.0
