"""An upload: a picture that a generation may begin with, or a mask of what it may repaint.

    awaiting_upload ──► checking ──► accepted
           │                └──────► rejected     `code` and a sentence say why
           └──────────────────────► expired       nothing was uploaded in time

It belongs to no subject and is kept for a short while: a generation takes a copy of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdas.domain.states import StateMachine

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.photo import ContentType
    from lambdas.domain.settings import DomainSettings


class UploadPurpose(StrEnum):
    """What it is for. An init image keeps its transparency, a mask is made grey."""

    INIT_IMAGE = "init_image"
    MASK_IMAGE = "mask_image"


class UploadState(StrEnum):
    """Where an upload is in its life."""

    AWAITING_UPLOAD = "awaiting_upload"
    CHECKING = "checking"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"


UPLOAD = StateMachine(
    "upload",
    {
        UploadState.AWAITING_UPLOAD: frozenset({UploadState.CHECKING, UploadState.EXPIRED}),
        UploadState.CHECKING: frozenset({UploadState.ACCEPTED, UploadState.REJECTED}),
        UploadState.ACCEPTED: frozenset(),
        UploadState.REJECTED: frozenset(),
        UploadState.EXPIRED: frozenset(),
    },
)


class UploadRejection(StrEnum):
    """Why a picture was rejected; those of photos that do not depend on what is learned."""

    UNREADABLE = "unreadable"
    UNSUPPORTED_TYPE = "unsupported_type"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    UNSAFE = "unsafe"
    MINOR = "minor"
    CELEBRITY = "celebrity"
    UPLOAD_LOST = "upload_lost"


# Below that, no base model draws (contract.generation.MIN_SIDE): there is nothing to begin with.
MIN_SIDE = 64
_REASONS = {
    UploadRejection.UNREADABLE: (
        "The file is damaged or incomplete. Open it on your device, save it again and send it."
    ),
    UploadRejection.UNSUPPORTED_TYPE: (
        "This is not a JPEG, PNG or WebP picture. Save it as one of these and send it again."
    ),
    UploadRejection.TOO_SMALL: (
        "The picture has too few pixels. Choose one that is at least {min_side} pixels on its "
        "shorter side, and no long strip."
    ),
    UploadRejection.TOO_LARGE: (
        "The picture is larger than can be taken in. Choose one of at most {max_megabytes} MB and "
        "{max_megapixels} megapixels."
    ),
    UploadRejection.UNSAFE: (
        "The picture shows something that is not allowed here. Choose another one."
    ),
    UploadRejection.MINOR: (
        "Somebody in the picture may be under {minimum_age}, and pictures of children are not "
        "changed here. Choose one without them."
    ),
    UploadRejection.CELEBRITY: (
        "Somebody in the picture looks like somebody famous. Choose a picture without them."
    ),
    UploadRejection.UPLOAD_LOST: "The upload did not arrive. Upload the picture again.",
}


def reason_for(code: UploadRejection, settings: DomainSettings) -> str:
    """A sentence that a person can act on."""
    return _REASONS[code].format(
        min_side=MIN_SIDE,
        max_megabytes=settings.photos.max_bytes // 2**20,
        max_megapixels=settings.photos.max_megapixels,
        minimum_age=settings.moderation.minimum_age,
    )


@dataclass(frozen=True)
class Upload:
    """One upload, whether its file has come or not.

    `lapses_at`: until when the file may come. `expires_at`: when it is removed; None until it was
    judged. Of an accepted one: its size in pixels, whether some of it is transparent, and the
    SHA-256 of what is kept.
    """

    id: str
    owner: str
    purpose: UploadPurpose
    content_type: ContentType
    size_bytes: int
    created_at: datetime
    lapses_at: datetime
    state: UploadState = UploadState.AWAITING_UPLOAD
    rejection: UploadRejection | None = None
    width: int | None = None
    height: int | None = None
    has_alpha: bool = False
    sha256: str | None = None
    changed_at: datetime | None = None
    expires_at: datetime | None = None

    def has_lapsed(self, now: datetime) -> bool:
        """Whether its file can no longer come."""
        return self.state is UploadState.AWAITING_UPLOAD and self.lapses_at <= now
