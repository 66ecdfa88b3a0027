"""Finding photographed frontal faces: three Haar cascades vote over small rotations.

One cascade alone also fires on noise and foliage; a real face is found by all three, and still
when the picture is turned a little. Measured in `tests/local_aws/test_faces.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from local_aws.rekognition.face import Face, aligned
from local_aws.rekognition.images import Pixels

WORK_SIDE = 256  # pixels of the longer side: a face of a tenth of it is still found
MIN_FACE = 28
CASCADES = ("frontalface_default", "frontalface_alt", "frontalface_alt2")
ANGLES = (0, -8, 8, -16, 16)
FIRST = 3  # these often settle it
NEEDED_VOTES = 5  # of 15; noise images reach 3, faces 8 and more
TILTS = range(-24, 25, 3)  # degrees, tried to turn a face upright
AROUND, CLOSE = 1.9, 96  # a closer look at one face: its side in faces, in pixels
NEAR = 0.3  # of the face's size: hits closer than this are of one face

_local = threading.local()
cv2.setNumThreads(1)


@dataclass(frozen=True)
class _Hit:
    cascade: str
    angle: int
    x: float
    y: float
    size: float

    def near(self, other: _Hit) -> bool:
        distance = float(np.hypot(self.x - other.x, self.y - other.y))
        return distance < NEAR * self.size and 0.6 < other.size / self.size < 1.6


def _cascade(name: str) -> cv2.CascadeClassifier:
    """A classifier of this thread: they keep state while they run."""
    loaded: dict[str, cv2.CascadeClassifier] = _local.__dict__.setdefault("cascades", {})
    if name not in loaded:
        folder = Path(cv2.__file__).parent / "data"
        loaded[name] = cv2.CascadeClassifier(str(folder / f"haarcascade_{name}.xml"))
    return loaded[name]


def gray(pixels: Pixels) -> tuple[NDArray[np.uint8], float]:
    """The image in gray at working size, and how much smaller it became."""
    scale = WORK_SIDE / max(pixels.shape[:2])
    one = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(one, None, fx=scale, fy=scale, interpolation=way)), scale


def _hits(image: NDArray[np.uint8], angle: int) -> list[_Hit]:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turned = image
    if angle:
        turned = np.asarray(
            cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        )
    back = cv2.invertAffineTransform(turn)
    found = []
    for cascade in CASCADES:
        boxes = _cascade(cascade).detectMultiScale(turned, 1.1, 4, minSize=(MIN_FACE, MIN_FACE))
        for x, y, size, _ in boxes:
            centre = back @ np.array([x + size / 2, y + size / 2, 1.0])
            found.append(_Hit(cascade, angle, float(centre[0]), float(centre[1]), float(size)))
    return found


def _clusters(hits: Iterable[_Hit]) -> list[list[_Hit]]:
    """Groups of hits around the one that has most neighbours, then the next, and so on."""
    left = list(hits)
    groups = []
    while left:
        groups.append(max(([o for o in left if h.near(o)] for h in left), key=len))
        left = [hit for hit in left if hit not in groups[-1]]
    return groups


def agree(pixels: Pixels, face: Face) -> bool:
    """Whether most cascades see a face where another detector found one; milliseconds."""
    around = aligned(pixels, replace(face, size=AROUND * face.size), CLOSE)
    least = (CLOSE * 2 // 5,) * 2
    seen = [
        len(_cascade(name).detectMultiScale(around, 1.1, 3, minSize=least)) > 0 for name in CASCADES
    ]
    return sum(seen) >= 2


def _votes(group: list[_Hit]) -> int:
    return len({(hit.cascade, hit.angle) for hit in group})


def _is_face(group: list[_Hit]) -> bool:
    return _votes(group) >= NEEDED_VOTES and len({h.cascade for h in group}) == len(CASCADES)


def _upright(pixels: Pixels, face: Face) -> Face:
    """The face with its tilt: the turn at which it is most like its own mirror image."""
    return max(
        (replace(face, tilt=float(tilt)) for tilt in TILTS),
        key=lambda turned: _symmetry(aligned(pixels, turned)),
    )


def _symmetry(crop: NDArray[np.uint8]) -> float:
    """How alike left and right are (1: mirror images), at the best of a few middle lines."""
    edges = cv2.Sobel(cv2.GaussianBlur(crop, (0, 0), 2), cv2.CV_64F, 0, 1)
    mirrored, side = edges[:, ::-1], crop.shape[1]
    power = max(float((edges**2).sum()), 1e-9)
    return max(
        float((edges[:, max(0, s) : side + s] * mirrored[:, max(0, -s) : side - s]).sum()) / power
        for s in range(-20, 1, 4)
    )


def _undecided(hits: list[_Hit]) -> bool:
    """Whether some place has a few votes, but too few: the further angles decide."""
    return any(_votes(group) >= 2 and not _is_face(group) for group in _clusters(hits))


def detect(pixels: Pixels) -> list[Face]:
    """Photographed faces in an image, the largest first."""
    small, scale = gray(pixels)
    hits = [hit for angle in ANGLES[:FIRST] for hit in _hits(small, angle)]
    if _undecided(hits):
        hits += [hit for angle in ANGLES[FIRST:] for hit in _hits(small, angle)]
    faces = [
        Face(
            x=float(np.median([h.x for h in group])) / scale,
            y=float(np.median([h.y for h in group])) / scale,
            size=float(np.median([h.size for h in group])) / scale,
            tilt=0.0,
            confidence=90.0 + 9.99 * min(1.0, _votes(group) / (len(ANGLES) * len(CASCADES))),
        )
        for group in _clusters(hits)
        if _is_face(group)
    ]
    return sorted((_upright(pixels, face) for face in faces), key=lambda face: -face.size)
