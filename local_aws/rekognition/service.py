"""The operations of Rekognition that are served here, with their permissions and errors."""

from __future__ import annotations

from typing import Any

from local_aws import seam
from local_aws.faults import rules_for
from local_aws.rekognition import attributes, faces, images, likeness, moderation

Json = dict[str, Any]
DEFAULT_MIN_CONFIDENCE = 50.0
DEFAULT_SIMILARITY = 80.0
MODEL_VERSION = "7.0"

_rules = rules_for("rekognition")


def _percentage(body: Json, name: str, default: float) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise seam.AwsError("InvalidParameterException", "Request has invalid parameters")
    return float(value)


def _detect_faces(body: Json, caller: seam.Caller, planted: Json | None) -> Json:
    pixels = images.read(body.get("Image"), caller)
    if planted is not None:
        return {"FaceDetails": planted.get("faces", [])}
    wanted = body.get("Attributes") or ["DEFAULT"]
    found = faces.detect(pixels)
    everything = wanted != ["DEFAULT"]
    return {"FaceDetails": [attributes.describe(pixels, f, everything=everything) for f in found]}


def _detect_moderation_labels(body: Json, caller: seam.Caller, planted: Json | None) -> Json:
    pixels = images.read(body.get("Image"), caller)
    least = _percentage(body, "MinConfidence", DEFAULT_MIN_CONFIDENCE)
    if planted is not None:
        found = [entry for wanted in planted.get("labels", []) for entry in _planted_label(wanted)]
        found = [entry for entry in found if entry["Confidence"] >= least]
    else:
        found = moderation.labels(pixels, least)
    return {
        "ModerationLabels": found,
        "ModerationModelVersion": moderation.MODEL_VERSION,
        "ContentTypes": [],
    }


def _planted_label(wanted: str | Json) -> list[Json]:
    """A planted label: a name, or AWS's shape."""
    if isinstance(wanted, str):
        return moderation.label(wanted, moderation.CARD_CONFIDENCE)
    confidence = float(wanted.get("Confidence", moderation.CARD_CONFIDENCE))
    return moderation.label(str(wanted["Name"]), confidence, wanted.get("ParentName"))


def _compare_faces(body: Json, caller: seam.Caller, _: Json | None) -> Json:
    source = images.read(body.get("SourceImage"), caller)
    target = images.read(body.get("TargetImage"), caller)
    threshold = _percentage(body, "SimilarityThreshold", DEFAULT_SIMILARITY)
    in_source = faces.detect(source)
    if not in_source:
        raise seam.AwsError("InvalidParameterException", "Request has invalid parameters")
    height, width = target.shape[:2]
    matches, unmatched = [], []
    for face in faces.detect(target):
        compared = {
            "BoundingBox": attributes.bounding_box(face, width, height),
            "Confidence": face.confidence,
        }
        alike = likeness.similarity(source, in_source[0], target, face)
        if alike >= threshold:
            matches.append({"Similarity": alike, "Face": compared})
        else:
            unmatched.append(compared)
    height, width = source.shape[:2]
    return {
        "SourceImageFace": {
            "BoundingBox": attributes.bounding_box(in_source[0], width, height),
            "Confidence": in_source[0].confidence,
        },
        "FaceMatches": sorted(matches, key=lambda match: -float(str(match["Similarity"]))),
        "UnmatchedFaces": unmatched,
    }


def _recognize_celebrities(body: Json, caller: seam.Caller, _: Json | None) -> Json:
    """Nobody is famous here; the faces are counted as unrecognised."""
    pixels = images.read(body.get("Image"), caller)
    height, width = pixels.shape[:2]
    unknown = [
        {"BoundingBox": attributes.bounding_box(f, width, height), "Confidence": f.confidence}
        for f in faces.detect(pixels)
    ]
    return {"CelebrityFaces": [], "UnrecognizedFaces": unknown}


_OPERATIONS = {
    "DetectFaces": _detect_faces,
    "DetectModerationLabels": _detect_moderation_labels,
    "CompareFaces": _compare_faces,
    "RecognizeCelebrities": _recognize_celebrities,
}


def _handle(action: str, body: Json, caller: seam.Caller) -> Json:
    operation = _OPERATIONS.get(action)
    if operation is None:
        raise seam.AwsError("UnknownOperationException", f"{action} is not served here")
    seam.authorize(caller, f"rekognition:{action}", "*")
    return operation(body, caller, _rules.meet(action, caller))


def install() -> None:
    """Register the service."""
    seam.register_json_service("rekognition", "RekognitionService", _handle)
