"""The operations of Rekognition that are served here, with their permissions and errors."""

from __future__ import annotations

from typing import Any

from local_aws import seam
from local_aws.faults import rules_for
from local_aws.rekognition import (
    attributes,
    cards,
    faces,
    images,
    likeness,
    moderation,
    text,
)
from local_aws.testcards import Card

Json = dict[str, Any]
DEFAULT_MIN_CONFIDENCE = 50.0
DEFAULT_SIMILARITY = 80.0
MOST_COMPARED = 100  # API reference, CompareFaces: the largest faces of the target
CELEBRITY: Json = {
    "Urls": [],
    "Name": "Local Test Celebrity",
    "Id": "0LocalTestCard",
    "MatchConfidence": cards.CONFIDENCE,
    "KnownGender": {"Type": "Unlisted"},
}

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
    wanted = _attributes(body.get("Attributes") or ["DEFAULT"])
    return {"FaceDetails": [attributes.describe(pixels, f, wanted) for f in faces.detect(pixels)]}


def _attributes(wanted: Any) -> frozenset[str]:
    """What `Attributes` asks for beyond the defaults."""
    known = {"DEFAULT": frozenset[str](), "ALL": frozenset(attributes.ATTRIBUTES.values())}
    known |= {name: frozenset({told}) for name, told in attributes.ATTRIBUTES.items()}
    if not isinstance(wanted, list) or not set(wanted) <= set(known):
        raise seam.AwsError("InvalidParameterException", "Request has invalid parameters")
    return frozenset().union(*(known[name] for name in wanted))


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
        return moderation.label(wanted, cards.CONFIDENCE)
    confidence = float(wanted.get("Confidence", cards.CONFIDENCE))
    return moderation.label(str(wanted["Name"]), confidence, wanted.get("ParentName"))


def _compare_faces(body: Json, caller: seam.Caller, _: Json | None) -> Json:
    source = images.read(body.get("SourceImage"), caller)
    target = images.read(body.get("TargetImage"), caller)
    threshold = _percentage(body, "SimilarityThreshold", DEFAULT_SIMILARITY)
    in_source = faces.detect(source)
    if not in_source:
        raise seam.AwsError("InvalidParameterException", "Request has invalid parameters")
    matches, unmatched = [], []
    for face in faces.detect(target)[:MOST_COMPARED]:
        alike = likeness.similarity(source, in_source[0], target, face)
        described = attributes.compared(target, face)
        if alike >= threshold:
            matches.append({"Similarity": alike, "Face": described})
        else:
            unmatched.append(described)
    height, width = source.shape[:2]
    return {
        "SourceImageFace": {
            "BoundingBox": attributes.bounding_box(in_source[0], width, height),
            "Confidence": in_source[0].confidence,
        },
        "FaceMatches": sorted(matches, key=lambda match: -float(str(match["Similarity"]))),
        "UnmatchedFaces": unmatched,
    }


def _recognize_celebrities(body: Json, caller: seam.Caller, planted: Json | None) -> Json:
    """The largest face beside the test card is famous; all others are unrecognised.

    A planted `celebrity` is the certainty (0–100) with which it is known without the card.
    """
    pixels = images.read(body.get("Image"), caller)
    found = [attributes.compared(pixels, face) for face in faces.detect(pixels)]
    known = planted is not None or (bool(found) and Card.CELEBRITY in cards.shown(pixels))
    famous = found[:1] if known else []
    certainty = float((planted or {}).get("celebrity", cards.CONFIDENCE))
    return {
        "CelebrityFaces": [
            CELEBRITY | {"MatchConfidence": certainty, "Face": face} for face in famous
        ],
        "UnrecognizedFaces": found[len(famous) :],
    }


def _detect_text(body: Json, caller: seam.Caller, planted: Json | None) -> Json:
    """What cards print, or the planted `lines`."""
    pixels = images.read(body.get("Image"), caller)
    lines = planted.get("lines", []) if planted is not None else text.printed(pixels)
    return {"TextDetections": text.detections(lines), "TextModelVersion": text.MODEL_VERSION}


_OPERATIONS = {
    "DetectFaces": _detect_faces,
    "DetectModerationLabels": _detect_moderation_labels,
    "CompareFaces": _compare_faces,
    "RecognizeCelebrities": _recognize_celebrities,
    "DetectText": _detect_text,
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
