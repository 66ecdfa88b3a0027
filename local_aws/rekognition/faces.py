"""Finding faces: drawn ones by a small network, photographed ones by cascades.

A face keeps which of the two found it, because they are described and compared in different ways.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import cv2
import numpy as np

from local_aws.rekognition import cascades
from local_aws.rekognition.drawn import drawn_faces
from local_aws.rekognition.face import Face, aligned
from local_aws.rekognition.images import Pixels

FAINT = 6.0  # grey levels
EVEN = 0.21  # photographed faces are less even, most drawn ones more
REMEMBERED = 128  # images: a set of photos is compared pair by pair

_memory: OrderedDict[bytes, tuple[Face, ...]] = OrderedDict()
_lock = threading.Lock()


def detect(pixels: Pixels) -> list[Face]:
    """Faces in an image, the largest first. Of the last images only the faces are remembered."""
    content = np.ascontiguousarray(pixels)
    key = hashlib.blake2b(content.tobytes(), salt=str(content.shape[1]).encode()).digest()
    with _lock:
        if key in _memory:
            _memory.move_to_end(key)
            return list(_memory[key])
    found = _detect(pixels)
    with _lock:
        _memory[key] = tuple(found)
        while len(_memory) > REMEMBERED:
            _memory.popitem(last=False)
    return found


def _detect(pixels: Pixels) -> list[Face]:
    """Drawn people, or else photographed ones: the cascades take fifty times as long."""
    found = [
        Face(
            x=found.x,
            y=found.y,
            size=found.size,
            tilt=-float(np.rad2deg(found.tilt)),
            confidence=90.0 + 9.99 * found.score,
            drawn=known,
        )
        for found, known in drawn_faces(np.ascontiguousarray(pixels[:, :, ::-1]))
    ]
    if any(_textured(pixels, face) and cascades.agree(pixels, face) for face in found):
        photographed = cascades.detect(pixels)
        found = [face for face in found if not _among(face, photographed)] or photographed
    return sorted(found or cascades.detect(pixels), key=lambda face: -face.size)


def _textured(pixels: Pixels, face: Face) -> bool:
    """Whether a face that was taken for drawn may be a photograph, as hardly any part is even.

    Pencil and neon have texture too, so the cascades decide.
    """
    return evenness(pixels, face) < EVEN


def _among(face: Face, others: list[Face]) -> bool:
    return any(np.hypot(face.x - o.x, face.y - o.y) < 0.5 * face.size for o in others)


def evenness(pixels: Pixels, face: Face) -> float:
    """Share of the face, at 40 pixels across, that is next to no different from around it."""
    crop = aligned(pixels, face, 40)
    curve = np.abs(cv2.Laplacian(crop.astype(np.float32), cv2.CV_32F))
    return float(np.mean(curve < FAINT))
