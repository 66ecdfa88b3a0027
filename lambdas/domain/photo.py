"""A photo of a subject: the slot for its upload, the look at it, the verdict.

    awaiting_upload ──► checking ──► accepted
           │                └──────► rejected     `code` and a sentence say why
           └──────────────────────► expired       nothing was uploaded in time

A photo that waits, is looked at or was accepted takes one of its subject's places; rejected and
expired ones give theirs back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdas.domain.states import StateMachine

if TYPE_CHECKING:
    from datetime import datetime


class PhotoState(StrEnum):
    """Where a photo is in its life."""

    AWAITING_UPLOAD = "awaiting_upload"
    CHECKING = "checking"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"


PHOTO = StateMachine(
    "photo",
    {
        PhotoState.AWAITING_UPLOAD: frozenset({PhotoState.CHECKING, PhotoState.EXPIRED}),
        PhotoState.CHECKING: frozenset({PhotoState.ACCEPTED, PhotoState.REJECTED}),
        PhotoState.ACCEPTED: frozenset(),
        PhotoState.REJECTED: frozenset(),
        PhotoState.EXPIRED: frozenset(),
    },
)
TAKES_A_PLACE = frozenset({PhotoState.AWAITING_UPLOAD, PhotoState.CHECKING, PhotoState.ACCEPTED})


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
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    UNSAFE = "unsafe"
    UPLOAD_LOST = "upload_lost"


_REASONS = {
    RejectionCode.UNREADABLE: (
        "The file is damaged or incomplete. Open it on your device, save it again and upload it."
    ),
    RejectionCode.UNSUPPORTED_TYPE: (
        "This is not a JPEG, PNG or WebP picture. Convert it to one of these and upload it again."
    ),
    RejectionCode.TOO_SMALL: (
        "The picture has too few pixels. Choose one that is at least {min_side} pixels on its "
        "shorter side."
    ),
    RejectionCode.TOO_LARGE: (
        "The picture is larger than can be taken in. Choose one of at most {max_megabytes} MB and "
        "{max_megapixels} megapixels."
    ),
    RejectionCode.NO_FACE: (
        "No face was found. Choose a photo in which the face is seen clearly, from the front and "
        "in good light."
    ),
    RejectionCode.SEVERAL_FACES: (
        "More than one face was found. Choose a photo with only this person, or crop it to them."
    ),
    RejectionCode.UNSAFE: (
        "The picture shows something that is not allowed here. Choose another photo."
    ),
    RejectionCode.UPLOAD_LOST: "The upload did not arrive. Upload the photo again.",
}

# A picture of more pixels than any phone takes is a mistake or an attack.
MAX_MEGAPIXELS = 50


def reason_for(code: RejectionCode, *, min_side: int, max_bytes: int) -> str:
    """A sentence that a person can act on."""
    return _REASONS[code].format(
        min_side=min_side, max_megabytes=max_bytes // 2**20, max_megapixels=MAX_MEGAPIXELS
    )


@dataclass(frozen=True)
class Photo:
    """One photo, whether its upload has come or not."""

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
    changed_at: datetime | None = None

    def has_lapsed(self, now: datetime) -> bool:
        """Whether its upload can no longer come."""
        return self.state is PhotoState.AWAITING_UPLOAD and self.expires_at <= now


def count_changes(before: PhotoState | None, after: PhotoState | None) -> dict[str, int]:
    """What a step does to the counters of the subject; None: the photo does not exist.

    Keys are the fields of `PhotoCounts`; zero changes are left out.
    """
    changes = {
        "places": (after in TAKES_A_PLACE) - (before in TAKES_A_PLACE),
        **{
            state.value: (after is state) - (before is state)
            for state in (PhotoState.CHECKING, PhotoState.ACCEPTED, PhotoState.REJECTED)
        },
    }
    return {name: change for name, change in changes.items() if change}
