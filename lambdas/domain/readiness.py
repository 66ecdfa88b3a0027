"""Whether a set of photos is good enough to learn from, before any GPU is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain.errors import Conflict
from lambdas.domain.photo_set import report_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.domain.look import Look
    from lambdas.domain.settings import PhotoSettings
    from lambdas.domain.subject import Subject


def missing_photos(subject: Subject, settings: PhotoSettings) -> int:
    """How many accepted photos are still missing for this kind of subject; 0 when ready."""
    return max(0, settings.minimum.of(subject.kind) - subject.photos.accepted)


def demand_enough_photos(subject: Subject, settings: PhotoSettings) -> None:
    """Raise Conflict `photos_missing`, saying how many, unless there are enough."""
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


def demand_good_set(subject: Subject, looks: Sequence[Look], settings: PhotoSettings) -> None:
    """Raise Conflict, saying what would help, unless the photos are good enough together.

    `different_people`: they do not all show one person. `photos_too_alike`: the score is too low.
    """
    report = report_on(subject.kind, looks, settings.set)
    advice = " ".join(each.detail for each in report.advice)
    if not report.agrees:
        raise Conflict(advice, code="different_people")
    if report.score < settings.set.min_score:
        detail = (
            f"The photos are too much alike: they score {report.score} of 100, and "
            f"{settings.set.min_score} are needed. {advice}"
        )
        raise Conflict(detail, code="photos_too_alike")
