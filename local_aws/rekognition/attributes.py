"""What `DetectFaces` says of a face: measured where a laptop can measure it.

Measured on every face: box, confidence, light, focus, tilt, turn, whether something covers it. On
drawn faces also glasses, beard, mouth, smile and eyes. Not judged: age (an adult range, unless the
test card says otherwise), and everything about feelings or gender, which is absent.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from local_aws.rekognition import cards
from local_aws.rekognition.face import Face, aligned
from local_aws.rekognition.images import Pixels
from local_aws.testcards import Card

ADULT = {"Low": 25, "High": 35}
CHILD = {"Low": 9, "High": 14}
SHARPEST = 900.0  # variance of the Laplacian of a crisp 128-pixel face
COVERED = 0.45  # eyes darker than this share of the cheeks are behind something
CUT_OFF = 0.2  # share of a face outside of the picture from which it counts as partly captured
DRAWN_TURN = 45.0  # degrees that the furthest turn of the drawn world is told as
# Amazon Rekognition API reference, DetectFaces: names for `Attributes`, and what each adds.
ATTRIBUTES = {
    "AGE_RANGE": "AgeRange",
    "BEARD": "Beard",
    "EMOTIONS": "Emotions",
    "EYE_DIRECTION": "EyeDirection",
    "EYEGLASSES": "Eyeglasses",
    "EYES_OPEN": "EyesOpen",
    "GENDER": "Gender",
    "MOUTH_OPEN": "MouthOpen",
    "MUSTACHE": "Mustache",
    "FACE_OCCLUDED": "FaceOccluded",
    "SMILE": "Smile",
    "SUNGLASSES": "Sunglasses",
}


def _quality(crop: NDArray[np.uint8]) -> dict[str, float]:
    """Brightness: mean luminance. Sharpness: variance of the Laplacian, logarithmic; 0–100."""
    focus = float(cv2.Laplacian(crop, cv2.CV_64F).var())
    return {
        "Brightness": float(crop.mean()) / 2.55,
        "Sharpness": 100.0 * min(1.0, float(np.log1p(focus) / np.log1p(SHARPEST))),
    }


def _eyes_covered(crop: NDArray[np.uint8]) -> bool:
    """Whether the band of the eyes is far darker than the cheeks (sunglasses)."""
    side = crop.shape[0]
    eyes = crop[int(0.30 * side) : int(0.45 * side), int(0.18 * side) : int(0.82 * side)]
    cheeks = crop[int(0.55 * side) : int(0.70 * side), int(0.18 * side) : int(0.82 * side)]
    return float(np.median(eyes)) < COVERED * float(np.median(cheeks))


def _yaw(face: Face, crop: NDArray[np.uint8]) -> float:
    """How far the head is turned to the picture's right, in degrees.

    Of a photographed face roughly: where the vertical middle of the detail lies.
    """
    if face.drawn is not None:
        return DRAWN_TURN * face.drawn.yaw
    detail = np.abs(cv2.Sobel(crop, cv2.CV_64F, 0, 1))[:, crop.shape[1] // 8 : -crop.shape[1] // 8]
    columns = detail.sum(axis=0)
    centre = float((columns * np.linspace(-1, 1, columns.size)).sum() / max(columns.sum(), 1e-9))
    return float(np.clip(90 * centre, -90, 90))


def _landmarks(face: Face, width: int, height: int) -> list[dict[str, Any]]:
    """Where such a face has its features, as shares of its square, turned with the head."""
    side = 0.07 * face.drawn.yaw if face.drawn is not None else 0.0
    places = _DRAWN_PLACES if face.drawn is not None else _PLACES
    angle = np.deg2rad(-face.tilt)
    found = []
    for name, (right, down) in places.items():
        across = right + side
        x = face.x + face.size * (across * np.cos(angle) - down * np.sin(angle))
        y = face.y + face.size * (across * np.sin(angle) + down * np.cos(angle))
        found.append({"Type": name, "X": float(x / width), "Y": float(y / height)})
    return found


_PLACES = {
    "eyeLeft": (-0.19, -0.12),
    "eyeRight": (0.19, -0.12),
    "mouthLeft": (-0.15, 0.28),
    "mouthRight": (0.15, 0.28),
    "nose": (0.0, 0.08),
}
_DRAWN_PLACES = {
    "eyeLeft": (-0.20, 0.01),
    "eyeRight": (0.20, 0.01),
    "mouthLeft": (-0.16, 0.34),
    "mouthRight": (0.16, 0.34),
    "nose": (0.0, 0.2),
}


def describe(pixels: Pixels, face: Face, wanted: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A `FaceDetail`; `wanted` are names of it beyond the defaults, values of ATTRIBUTES."""
    detail = compared(pixels, face)
    if wanted & {"AgeRange"}:
        detail["AgeRange"] = CHILD if Card.MINOR in cards.shown(pixels) else ADULT
    if wanted:
        detail |= {name: told for name, told in _seen(pixels, face).items() if name in wanted}
    return detail


def compared(pixels: Pixels, face: Face) -> dict[str, Any]:
    """A `ComparedFace`: what every answer says of a face."""
    height, width = pixels.shape[:2]
    crop = aligned(pixels, face)
    return {
        "BoundingBox": bounding_box(face, width, height),
        "Confidence": face.confidence,
        "Landmarks": _landmarks(face, width, height),
        "Pose": {"Roll": -face.tilt, "Yaw": _yaw(face, crop), "Pitch": 0.0},
        "Quality": _quality(crop),
    }


def _seen(pixels: Pixels, face: Face) -> dict[str, dict[str, Any]]:
    """What can be told apart on this kind of face."""
    height, width = pixels.shape[:2]
    if face.drawn is not None:
        visible = {name: _judged(c) for name, c in face.drawn.person.visible.items()}
    else:
        covered = _eyes_covered(aligned(pixels, face))
        visible = {
            "Sunglasses": {"Value": covered, "Confidence": 90.0},
            "FaceOccluded": {"Value": covered, "Confidence": 90.0},
            "EyesOpen": {"Value": not covered, "Confidence": 60.0},
        }
    if _outside(face, width, height) > CUT_OFF:
        visible["FaceOccluded"] = {"Value": True, "Confidence": 90.0}
    return visible


def _judged(chance: float) -> dict[str, Any]:
    return {"Value": chance >= 0.5, "Confidence": 100 * max(chance, 1 - chance)}


def _outside(face: Face, width: int, height: int) -> float:
    """Share of the face's box that lies outside of the picture."""
    box = bounding_box(face, width, height)
    across = min(1.0, box["Left"] + box["Width"]) - max(0.0, box["Left"])
    down = min(1.0, box["Top"] + box["Height"]) - max(0.0, box["Top"])
    return 1 - max(0.0, across) * max(0.0, down) / (box["Width"] * box["Height"])


def bounding_box(face: Face, width: int, height: int) -> dict[str, float]:
    """The face's box as AWS gives it: shares of the image's width and height."""
    return {
        "Left": float(face.x - face.width / 2) / width,
        "Top": float(face.y - face.height / 2) / height,
        "Width": float(face.width) / width,
        "Height": float(face.height) / height,
    }
