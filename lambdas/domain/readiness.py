"""Whether a set of photos is enough to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain.errors import Conflict

if TYPE_CHECKING:
    from lambdas.domain.settings import PhotoSettings
    from lambdas.domain.subject import Subject


def missing_photos(subject: Subject, settings: PhotoSettings) -> int:
    """How many accepted photos are still missing for this kind of subject; 0 when ready."""
    return max(0, settings.minimum.of(subject.kind) - subject.photos.accepted)


def demand_enough_photos(subject: Subject, settings: PhotoSettings) -> None:
    """Raise Conflict `photos_missing`, saying how many, unless the set is ready to be learned."""
    missing = missing_photos(subject, settings)
    if not missing:
        return
    needed = settings.minimum.of(subject.kind)
    detail = (
        f"{missing} more accepted photo{'' if missing == 1 else 's'} needed: a {subject.kind} is "
        f"learned from at least {needed}, and {subject.photos.accepted} "
        f"{'is' if subject.photos.accepted == 1 else 'are'} accepted."
    )
    if subject.photos.checking:
        detail += f" {subject.photos.checking} still being checked."
    raise Conflict(detail, code="photos_missing")
