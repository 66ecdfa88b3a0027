"""Image moderation on Rekognition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.adapters.failures import calling
from lambdas.ports import Face, ModerationLabel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_rekognition import RekognitionClient


class RekognitionModeration:
    """Implements `ImageModeration`."""

    def __init__(self, client: Callable[[], RekognitionClient]) -> None:
        self._client = client

    def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
        """See `ImageModeration.labels`."""
        with calling("image moderation"):
            answer = self._client().detect_moderation_labels(
                Image={"Bytes": image}, MinConfidence=min_confidence
            )
        return [
            ModerationLabel(label["Name"], label.get("ParentName", ""), label["Confidence"])
            for label in answer["ModerationLabels"]
        ]

    def faces(self, image: bytes) -> Sequence[Face]:
        """See `ImageModeration.faces`."""
        with calling("face detection"):
            answer = self._client().detect_faces(Image={"Bytes": image}, Attributes=["DEFAULT"])
        return [
            Face(
                face["Confidence"],
                face["BoundingBox"]["Width"],
                face["BoundingBox"]["Height"],
            )
            for face in answer["FaceDetails"]
        ]
