"""A photo of a subject: the slot for its upload, the look at it, the verdict.

    awaiting_upload ──► checking ──► accepted
           │             │  ▲ │          ▼        it turned out to show somebody else
           │             ▼  │ └────► rejected     `code` and a sentence say why
           │          in_review ────────▲         a moderator decides about it first
           └──────────────────────► expired       nothing was uploaded in time

A photo that waits, is looked at or was accepted takes one of its subject's places; rejected and
expired ones give theirs back. What a moderator lets pass is checked on, beside the other photos:
nothing is accepted without that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdas.domain.states import StateMachine

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.look import Look
    from lambdas.domain.settings import DomainSettings


class PhotoState(StrEnum):
    """Where a photo is in its life."""

    AWAITING_UPLOAD = "awaiting_upload"
    CHECKING = "checking"
    IN_REVIEW = "in_review"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"


PHOTO = StateMachine(
    "photo",
    {
        PhotoState.AWAITING_UPLOAD: frozenset({PhotoState.CHECKING, PhotoState.EXPIRED}),
        PhotoState.CHECKING: frozenset(
            {PhotoState.IN_REVIEW, PhotoState.ACCEPTED, PhotoState.REJECTED}
        ),
        PhotoState.IN_REVIEW: frozenset({PhotoState.CHECKING, PhotoState.REJECTED}),
        PhotoState.ACCEPTED: frozenset({PhotoState.REJECTED}),
        PhotoState.REJECTED: frozenset(),
        PhotoState.EXPIRED: frozenset(),
    },
)
# Which states each counter of the subject counts. A photo in review is still being checked.
_COUNTED = {
    "checking": frozenset({PhotoState.CHECKING, PhotoState.IN_REVIEW}),
    "accepted": frozenset({PhotoState.ACCEPTED}),
    "rejected": frozenset({PhotoState.REJECTED}),
}
TAKES_A_PLACE = frozenset(PhotoState) - {PhotoState.REJECTED, PhotoState.EXPIRED}


class ContentType(StrEnum):
    """What may be uploaded; what it really is is decided by its content."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


class RejectionCode(StrEnum):
    """Why a photo was rejected."""

    UNREADABLE = "unreadable"
    UNSUPPORTED_TYPE = "unsupported_type"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    NEAR_DUPLICATE = "near_duplicate"
    UNSAFE = "unsafe"
    MINOR = "minor"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    FACE_TOO_SMALL = "face_too_small"
    SUNGLASSES = "sunglasses"
    OCCLUDED = "occluded"
    EXTREME_POSE = "extreme_pose"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRY = "blurry"
    CELEBRITY = "celebrity"
    DIFFERENT_PERSON = "different_person"
    UPLOAD_LOST = "upload_lost"


_REASONS = {
    RejectionCode.UNREADABLE: (
        "The file is damaged or incomplete. Open it on your device, save it again and upload it."
    ),
    RejectionCode.UNSUPPORTED_TYPE: (
        "This is not a JPEG, PNG or WebP picture. Save it as JPEG and upload it again."
    ),
    RejectionCode.TOO_SMALL: (
        "The picture has too few pixels. Choose one that is at least {min_side} pixels on its "
        "shorter side, and no long strip."
    ),
    RejectionCode.TOO_LARGE: (
        "The picture is larger than can be taken in. Choose one of at most {max_megabytes} MB and "
        "{max_megapixels} megapixels."
    ),
    RejectionCode.NEAR_DUPLICATE: (
        "This picture, or one that hardly differs, is among the photos already. Choose another one."
    ),
    RejectionCode.UNSAFE: (
        "The picture shows something that is not allowed here. Choose another photo."
    ),
    RejectionCode.MINOR: (
        "Somebody in the picture may be under {minimum_age}, and children are not learned here. "
        "Choose a photo without them."
    ),
    RejectionCode.NO_FACE: (
        "No face was found. Choose a photo in which the face is seen clearly, from the front and "
        "in good light."
    ),
    RejectionCode.SEVERAL_FACES: (
        "More than one face was found. Choose a photo with only this person, or crop it to them."
    ),
    RejectionCode.FACE_TOO_SMALL: (
        "The face is too small. Choose a photo from nearer, on which the face is at least "
        "{face_pixels} pixels large."
    ),
    RejectionCode.SUNGLASSES: (
        "Sunglasses hide the eyes. Choose a photo in which the eyes can be seen."
    ),
    RejectionCode.OCCLUDED: (
        "Something covers part of the face. Choose a photo without a mask, a hand or anything else "
        "before it."
    ),
    RejectionCode.EXTREME_POSE: (
        "The face is turned too far away. Choose a photo in which both eyes can be seen."
    ),
    RejectionCode.TOO_DARK: (
        "It is too dark to see enough. Choose a photo that was taken in more light."
    ),
    RejectionCode.TOO_BRIGHT: (
        "The light is so bright that nothing can be made out. Choose a photo with softer light."
    ),
    RejectionCode.BLURRY: (
        "The picture is blurred. Choose a photo that is in focus and was taken with a steady hand."
    ),
    RejectionCode.CELEBRITY: (
        "The person looks like somebody famous, who cannot be learned here. Choose photos of "
        "somebody else."
    ),
    RejectionCode.DIFFERENT_PERSON: (
        "This does not look like the person in the other photos. Choose a photo of that person, or "
        "make a subject of its own for this one."
    ),
    RejectionCode.UPLOAD_LOST: "The upload did not arrive. Upload the photo again.",
}


# `unsupported_type` of the one other type that people upload in good faith.
HEIC_REASON = (
    "This is a HEIC photo. Share or export it as JPEG and upload it again; an iPhone takes JPEG "
    "after Settings, Camera, Formats, Most Compatible."
)
IN_REVIEW_REASON = (
    "The person looks like somebody famous. A moderator decides whether this photo may be used."
)


def reason_for(code: RejectionCode, settings: DomainSettings, *, heic: bool = False) -> str:
    """A sentence that a person can act on."""
    if heic:
        return HEIC_REASON
    photos = settings.photos
    return _REASONS[code].format(
        min_side=photos.min_side,
        max_megabytes=photos.max_bytes // 2**20,
        max_megapixels=photos.max_megapixels,
        face_pixels=photos.face.min_pixels,
        minimum_age=settings.moderation.minimum_age,
    )


@dataclass(frozen=True)
class Photo:
    """One photo, whether its upload has come or not.

    `look`: of one that is accepted or in review. `cleared`: a moderator looked at it and let it
    pass, so that what is kept of it is judged on, and its upload not looked at again. `heic`: its
    upload was refused because it is HEIC.
    """

    id: str
    owner: str
    subject_id: str
    content_type: ContentType
    size_bytes: int
    created_at: datetime
    expires_at: datetime
    state: PhotoState = PhotoState.AWAITING_UPLOAD
    rejection: RejectionCode | None = None
    width: int | None = None
    height: int | None = None
    look: Look | None = None
    changed_at: datetime | None = None
    cleared: bool = False
    heic: bool = False

    def has_lapsed(self, now: datetime) -> bool:
        """Whether its upload can no longer come."""
        return self.state is PhotoState.AWAITING_UPLOAD and self.expires_at <= now


def count_changes(before: PhotoState | None, after: PhotoState | None) -> dict[str, int]:
    """What a step does to the counters of the subject; None: the photo does not exist.

    Keys are the fields of `PhotoCounts`; zero changes are left out.
    """
    changes = {
        "places": (after in TAKES_A_PLACE) - (before in TAKES_A_PLACE),
        **{name: (after in states) - (before in states) for name, states in _COUNTED.items()},
    }
    return {name: change for name, change in changes.items() if change}
