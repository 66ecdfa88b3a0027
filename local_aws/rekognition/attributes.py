"""What `DetectFaces` says of a face: measured where a laptop can measure it.

Measured: box, confidence, light, focus, tilt, whether the eyes are covered. Not judged: age,
which is always a conservative adult range, and everything about mood or gender, which is absent.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from local_aws.rekognition.faces import Face, aligned
from local_aws.rekognition.images import Pixels

AGE_RANGE = {"Low": 25, "High": 35}
SHARPEST = 900.0  # variance of the Laplacian of a crisp 128-pixel face
COVERED = 0.45  # eyes darker than this share of the cheeks are behind something


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


def _yaw(crop: NDArray[np.uint8]) -> float:
    """Roughly how far the head is turned: where the vertical middle of the detail lies."""
    detail = np.abs(cv2.Sobel(crop, cv2.CV_64F, 0, 1))[:, crop.shape[1] // 8 : -crop.shape[1] // 8]
    columns = detail.sum(axis=0)
    centre = float((columns * np.linspace(-1, 1, columns.size)).sum() / max(columns.sum(), 1e-9))
    return float(np.clip(90 * centre, -90, 90))


def _landmarks(face: Face, width: int, height: int) -> list[dict[str, Any]]:
    """Where a frontal face has its features, as shares of its square, turned with the tilt."""
    places = {
        "eyeLeft": (-0.19, -0.12),
        "eyeRight": (0.19, -0.12),
        "mouthLeft": (-0.15, 0.28),
        "mouthRight": (0.15, 0.28),
        "nose": (0.0, 0.08),
    }
    angle = np.deg2rad(-face.tilt)
    found = []
    for name, (right, down) in places.items():
        x = face.x + face.size * (right * np.cos(angle) - down * np.sin(angle))
        y = face.y + face.size * (right * np.sin(angle) + down * np.cos(angle))
        found.append({"Type": name, "X": float(x / width), "Y": float(y / height)})
    return found


def describe(pixels: Pixels, face: Face, *, everything: bool) -> dict[str, Any]:
    """A `FaceDetail`; `everything` is the request's Attributes ["ALL"]."""
    height, width = pixels.shape[:2]
    crop = aligned(pixels, face)
    detail: dict[str, Any] = {
        "BoundingBox": bounding_box(face, width, height),
        "Confidence": face.confidence,
        "Landmarks": _landmarks(face, width, height),
        "Pose": {"Roll": -face.tilt, "Yaw": _yaw(crop), "Pitch": 0.0},
        "Quality": _quality(crop),
    }
    if everything:
        covered = _eyes_covered(crop)
        detail |= {
            "AgeRange": AGE_RANGE,
            "Sunglasses": {"Value": covered, "Confidence": 90.0},
            "FaceOccluded": {"Value": covered, "Confidence": 90.0},
            "EyesOpen": {"Value": not covered, "Confidence": 60.0},
        }
    return detail


def bounding_box(face: Face, width: int, height: int) -> dict[str, float]:
    """The face's square as AWS gives it: shares of the image's width and height."""
    return {
        "Left": (face.x - face.size / 2) / width,
        "Top": (face.y - face.size / 2) / height,
        "Width": face.size / width,
        "Height": face.size / height,
    }
