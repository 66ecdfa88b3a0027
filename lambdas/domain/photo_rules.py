"""The verdict on one photo, rule by rule, each from what was measured.

Safety comes first and holds for every kind of subject: calling a child "an object" changes nothing.
How a picture or its face must look depends on what it is to teach:

    person          exactly one face: large, sharp, lit, uncovered, turned towards the camera
    pet, object     a picture that is sharp and lit
    style           any picture: a style may well be dark, or blurred
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lambdas.domain import moderation
from lambdas.domain.photo import RejectionCode
from lambdas.domain.settings import CelebrityPolicy
from lambdas.domain.subject import SubjectKind

if TYPE_CHECKING:
    from lambdas.domain.settings import FaceRules, ModerationSettings, PictureRules
    from lambdas.ports import Face, ModerationLabel


def verdict_on_picture(
    kind: SubjectKind, brightness: float, sharpness: float, rules: PictureRules
) -> RejectionCode | None:
    """`too_dark`, `too_bright`, `blurry` for pets and things; of a person only the face counts."""
    if kind not in {SubjectKind.PET, SubjectKind.OBJECT}:
        return None
    if brightness < rules.min_brightness:
        return RejectionCode.TOO_DARK
    if brightness > rules.max_brightness:
        return RejectionCode.TOO_BRIGHT
    return RejectionCode.BLURRY if sharpness < rules.min_sharpness else None


def verdict_on_content(
    labels: Sequence[ModerationLabel], rules: ModerationSettings
) -> RejectionCode | None:
    """`unsafe`, or None."""
    harmful = moderation.is_unsafe(labels, moderation.photo_rules(rules.photo_min_confidence))
    return RejectionCode.UNSAFE if harmful else None


def certain_faces(faces: Sequence[Face], rules: FaceRules) -> list[Face]:
    """Those that are faces, and no shadows."""
    return [face for face in faces if face.confidence >= rules.min_confidence]


def may_be_minor(face: Face, minimum_age: int) -> bool:
    """Whoever may be under age is taken to be: what counts is where the range of ages begins."""
    return face.age_low < minimum_age


def verdict_on_age(faces: Sequence[Face], rules: ModerationSettings) -> RejectionCode | None:
    """`minor` if any face may be under age."""
    young = any(may_be_minor(face, rules.minimum_age) for face in faces)
    return RejectionCode.MINOR if young else None


def verdict_on_number(faces: Sequence[Face]) -> RejectionCode | None:
    """A person is learned from photos with exactly one face: theirs."""
    if not faces:
        return RejectionCode.NO_FACE
    return RejectionCode.SEVERAL_FACES if len(faces) > 1 else None


def verdict_on_face(face: Face, size: tuple[int, int], rules: FaceRules) -> RejectionCode | None:
    """What is wrong with the one face; `size` is the picture's, in pixels.

    What a person can mend most easily is told first: sunglasses also cover and darken a face.
    """
    pixels = max(face.width * size[0], face.height * size[1])
    pose = face.pose
    checks = {
        RejectionCode.FACE_TOO_SMALL: pixels < rules.min_pixels,
        RejectionCode.SUNGLASSES: face.sunglasses >= rules.sunglasses_confidence,
        RejectionCode.OCCLUDED: face.occluded >= rules.occluded_confidence,
        RejectionCode.EXTREME_POSE: abs(pose.yaw) > rules.max_yaw
        or abs(pose.pitch) > rules.max_pitch
        or abs(pose.roll) > rules.max_roll,
        RejectionCode.TOO_DARK: face.brightness < rules.min_brightness,
        RejectionCode.TOO_BRIGHT: face.brightness > rules.max_brightness,
        RejectionCode.BLURRY: face.sharpness < rules.min_sharpness,
    }
    return next((code for code, holds in checks.items() if holds), None)


def asks_for_celebrities(faces: Sequence[Face], rules: ModerationSettings) -> bool:
    """Whether it must be known if somebody famous is in the picture."""
    return bool(faces) and rules.celebrities is not CelebrityPolicy.ALLOW


def celebrity_in(certainties: Sequence[float], rules: ModerationSettings) -> float | None:
    """How certain it is (0–100) that somebody famous is there; None if it is not enough."""
    known = [one for one in certainties if one >= rules.celebrity_min_confidence]
    return max(known, default=None)


def verdict_on_celebrities(
    celebrity: float | None, rules: ModerationSettings
) -> RejectionCode | None:
    """`celebrity` where somebody who was recognised is refused, and no moderator asked."""
    blocks = rules.celebrities is CelebrityPolicy.BLOCK
    return RejectionCode.CELEBRITY if blocks and celebrity is not None else None
