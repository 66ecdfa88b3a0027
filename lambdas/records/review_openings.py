"""What brings something into the queue: screening, a report, an appeal, a block."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.errors import Conflict, NotFound, Unavailable
from lambdas.domain.generation import JUDGED_GENERATION_STATES, FinishReason
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.moderation import TAXONOMY
from lambdas.domain.review import Image, ReportReason, Review, ReviewReason
from lambdas.ports import ModerationLabel
from lambdas.records import keys
from lambdas.records.account import not_erasing
from lambdas.records.keys import HIDDEN
from lambdas.records.reviews import changed, find_review, new
from lambdas.records.standing import blocking, read_standing
from lambdas.table import Absent, Check, ConditionFailed, Is, Put, Write

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.generation import Artifact, Generation
    from lambdas.ports import Table

# How often an opening is tried against what others do in between.
_RACES = 5


def withheld_by_screening(
    generation: Generation,
    artifact: Artifact,
    now: datetime,
    retention_days: int | None,
) -> Put:
    """The write that goes with the end of a generation, for each image that was withheld."""
    verdict = artifact.verdict
    reason = str(verdict.reason) if verdict and verdict.reason else ""
    labels = verdict.labels if verdict else ()
    return new(
        Review(
            id=new_id(Prefix.REVIEW, now),
            owner=generation.owner,
            of=Image(generation.id, artifact.id),
            reason=ReviewReason.SCREENING,
            opened_at=now,
            created_at=now,
            labels=tuple(
                ModerationLabel(each.name, TAXONOMY.get(each.name, reason), each.confidence)
                for each in labels
            ),
            expires_at=_expiry(now, retention_days),
        )
    )


def report_image(
    table: Table,
    generation: Generation,
    image_id: str,
    report: ReportReason,
    statement: str | None,
    now: datetime,
    retention_days: int | None,
) -> bool:
    """Have a moderator look at a released image; False if one will anyway.

    Raises NotFound, Conflict `image_not_shown` or `report_decided`.
    """
    if _artifact(generation, image_id) not in generation.shown:
        raise Conflict("Only an image that you can see can be reported.", code="image_not_shown")
    image = Image(generation.id, image_id)
    for _ in range(_RACES):
        found = find_review(table, generation.owner, image)
        if found is None:
            put = new(
                Review(
                    id=new_id(Prefix.REVIEW, now),
                    owner=generation.owner,
                    of=image,
                    reason=ReviewReason.REPORT,
                    opened_at=now,
                    created_at=now,
                    report=report,
                    statement=statement,
                    expires_at=_expiry(now, retention_days),
                )
            )
        elif found.is_open:
            return False
        elif found.may_be_reported:
            again = found.reopened(ReviewReason.REPORT, now)
            put = changed(replace(again, report=report, statement=statement))
        else:
            raise Conflict(
                "A moderator has looked at your report of this image.", code="report_decided"
            )
        if _written(table, generation, put):
            return True
    raise Unavailable("records")


def appeal_image(
    table: Table, generation: Generation, image_id: str, statement: str | None, now: datetime
) -> None:
    """Have a moderator look at a withheld image again, or with the owner's words.

    Raises NotFound, Conflict `image_not_withheld`, `image_not_kept` or `appeal_decided`.
    """
    withheld = _artifact(generation, image_id).finish_reason is FinishReason.CONTENT_FILTERED
    if not withheld or generation.state not in JUDGED_GENERATION_STATES:
        raise Conflict("This image was not withheld.", code="image_not_withheld")
    for _ in range(_RACES):
        found = find_review(table, generation.owner, Image(generation.id, image_id))
        if found is None:
            raise Conflict("This image is no longer kept.", code="image_not_kept")
        if _written(table, generation, changed(_appealed(found, statement, now))):
            return
    raise Unavailable("records")


def appeal_block(table: Table, owner: str, statement: str, now: datetime) -> None:
    """Have a moderator look at the block of an account.

    Raises Conflict `not_blocked`, `appeal_decided` or `account_erasing`.
    """
    if read_standing(table, owner).blocked_at is None:
        raise Conflict("Your account is not blocked.", code="not_blocked")
    for _ in range(_RACES):
        found = find_review(table, owner, None)
        if found is None:
            fresh = _of_block(owner, now)
            put = new(
                replace(fresh, reason=ReviewReason.APPEAL, appealed=True, statement=statement)
            )
        else:
            put = changed(_appealed(found, statement, now))
        try:
            table.write(put, not_erasing(owner))
        except ConditionFailed:
            continue
        return
    raise Unavailable("records")


def blocked(table: Table, owner: str, now: datetime) -> list[Write]:
    """The writes that block an account and have a moderator look at that.

    They do not hold if it is blocked already.
    """
    found = find_review(table, owner, None)
    writes: list[Write] = [blocking(owner, now)]
    if found is None:
        writes.append(new(_of_block(owner, now)))
    elif not found.is_open:
        # An earlier block was lifted; what was decided about that one does not bind this one.
        fresh = replace(_of_block(owner, now), id=found.id, notes=found.notes)
        writes.append(changed(replace(fresh, revision=found.revision)))
    return writes


def _of_block(owner: str, now: datetime) -> Review:
    return Review(
        id=new_id(Prefix.REVIEW, now),
        owner=owner,
        of=None,
        reason=ReviewReason.BLOCK,
        opened_at=now,
        created_at=now,
    )


def _appealed(review: Review, statement: str | None, now: datetime) -> Review:
    if not review.may_be_appealed:
        raise Conflict("A moderator has decided about your appeal.", code="appeal_decided")
    again = review.reopened(ReviewReason.APPEAL, now)
    return replace(again, appealed=True, statement=statement)


def _artifact(generation: Generation, image_id: str) -> Artifact:
    for artifact in generation.artifacts:
        if artifact.id == image_id:
            return artifact
    raise NotFound("image")


def _expiry(now: datetime, retention_days: int | None) -> int | None:
    if retention_days is None:
        return None
    return moments.to_epoch(now + timedelta(days=retention_days))


def _written(table: Table, generation: Generation, put: Put) -> bool:
    """Save it while its generation stands as it was read; NotFound if that is gone."""
    key = keys.generation_key(generation.owner, generation.id)
    try:
        table.write(
            put,
            Check(key, when=(Is("state", generation.state.value), Absent(HIDDEN))),
            not_erasing(generation.owner),
        )
    except ConditionFailed as failed:
        if 1 in failed.failed:
            raise NotFound("generation") from failed
        return False
    return True
