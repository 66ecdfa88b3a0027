"""The verdict on a photo that can be read: is it allowed, and does it show what it should?"""

from __future__ import annotations

from collections.abc import Iterable

from lambdas.domain.moderation import is_unsafe
from lambdas.domain.photo import RejectionCode
from lambdas.domain.subject import SubjectKind
from lambdas.ports import Face, ModerationLabel

# Below this, DetectFaces itself is not sure that it sees a face (0–100).
FACE_MIN_CONFIDENCE = 80.0


def verdict_on_content(labels: Iterable[ModerationLabel]) -> RejectionCode | None:
    """`unsafe`, or None."""
    return RejectionCode.UNSAFE if is_unsafe(labels) else None


def needs_one_face(kind: SubjectKind) -> bool:
    """Whether photos of this kind of subject must show exactly one face."""
    return kind is SubjectKind.PERSON


def verdict_on_faces(faces: Iterable[Face]) -> RejectionCode | None:
    """A person is learned from photos with exactly one face: theirs."""
    certain = sum(face.confidence >= FACE_MIN_CONFIDENCE for face in faces)
    if certain == 0:
        return RejectionCode.NO_FACE
    return RejectionCode.SEVERAL_FACES if certain > 1 else None
