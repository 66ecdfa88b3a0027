"""A moderator's decision as one transaction: the review, the audit log, and what it changes.

Either all of it happened or nothing. Two moderators who decide at once meet in the condition on the
review, an erasure and a decision in the one on the generation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.audit import AuditAction, AuditEntry, digest, names_of
from lambdas.domain.generation import FinishReason, after_review
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.review import Decision
from lambdas.records import keys
from lambdas.records.artifacts import artifact_items
from lambdas.records.audit import appending
from lambdas.records.held_photos import cleared, refused
from lambdas.records.keys import HIDDEN
from lambdas.records.review_openings import blocked
from lambdas.records.reviews import changed
from lambdas.records.standing import lifting, read_standing
from lambdas.table import Absent, Check, Is, Update, Write

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.generation import Artifact, Generation
    from lambdas.domain.photo import Photo
    from lambdas.domain.review import Review
    from lambdas.ports import Table

# Where in the transaction the generation's condition stands.
GENERATION = 2


def decide_image(
    table: Table,
    review: Review,
    generation: Generation,
    artifact: Artifact,
    decision: Decision,
    *,
    by: str,
    note: str,
    now: datetime,
) -> Review:
    """Decide about an image; its file must lie where the decision wants it already, if released.

    Raises ConditionFailed if the review, the generation or the account changed meanwhile.
    """
    wanted = FinishReason.SUCCESS if decision is Decision.RELEASE else FinishReason.CONTENT_FILTERED
    was_shown = artifact.finish_reason is FinishReason.SUCCESS
    before, after = {"image": _word(artifact.finish_reason)}, {"image": _word(wanted)}
    block = _block(table, review, decision, now, before, after)
    review = replace(review, was_released=review.was_released or was_shown)
    saved, writes = _decided(review, decision, by, note, now, before, after)
    table.write(*writes, _generation(generation, artifact, wanted, now), *block)
    return saved


def decide_photo(
    table: Table,
    review: Review,
    photo: Photo,
    decision: Decision,
    *,
    by: str,
    note: str,
    now: datetime,
) -> Review:
    """Decide about a photo in review; raises ConditionFailed as `decide_image` does."""
    passes = decision is Decision.RELEASE
    before, after = {"photo": photo.state.value}, {"photo": "checking" if passes else "rejected"}
    block = _block(table, review, decision, now, before, after)
    saved, writes = _decided(review, decision, by, note, now, before, after)
    table.write(*writes, *(cleared(photo, now) if passes else refused(photo, now)), *block)
    return saved


def decide_block(
    table: Table, review: Review, decision: Decision, *, by: str, note: str, now: datetime
) -> Review:
    """Decide about the block of an account; raises ConditionFailed as `decide_image` does."""
    lifts = decision is Decision.RELEASE
    before, after = {"account": "blocked"}, {"account": "free" if lifts else "blocked"}
    saved, writes = _decided(review, decision, by, note, now, before, after)
    if lifts:
        writes += lifting(table, review.owner)
    table.write(*writes)
    return saved


def _block(
    table: Table,
    review: Review,
    decision: Decision,
    now: datetime,
    before: dict[str, str],
    after: dict[str, str],
) -> list[Write]:
    """What a ban does to the account, told in `before` and `after`; nothing if it is blocked."""
    if decision is not Decision.BAN or read_standing(table, review.owner).blocked_at is not None:
        return []
    before["account"], after["account"] = "free", "blocked"
    return blocked(table, review.owner, now)


def _decided(
    review: Review,
    decision: Decision,
    by: str,
    note: str,
    now: datetime,
    before: dict[str, str],
    after: dict[str, str],
) -> tuple[Review, list[Write]]:
    entry_id = new_id(Prefix.AUDIT, now)
    saved = review.decided_as(decision, by=by, at=now, entry=entry_id)
    if note:
        saved = replace(saved, notes={**review.notes, entry_id: note})
    entry = AuditEntry(
        id=entry_id,
        at=now,
        by=by,
        action=AuditAction.DECIDE,
        review_id=review.id,
        account_id=review.owner,
        **names_of(review),
        decision=decision,
        before={"review": review.state.value, **before},
        after={"review": saved.state.value, **after},
        note_sha256=digest(note) if note else None,
    )
    return saved, [changed(saved), appending(entry)]


def _generation(
    generation: Generation, artifact: Artifact, wanted: FinishReason, now: datetime
) -> Update | Check:
    key = keys.generation_key(generation.owner, generation.id)
    when = (
        Is("state", generation.state.value),
        Is("updated_at", moments.to_text(generation.updated_at)),
        Absent(HIDDEN),
    )
    if artifact.finish_reason is wanted:
        return Check(key, when=when)
    changed_ = after_review(generation, artifact.id, wanted)
    changes = {
        "state": changed_.state.value,
        "updated_at": moments.to_text(now),
        "artifacts": artifact_items(changed_.artifacts),
    }
    return Update(key, set=changes, when=when)


def _word(reason: FinishReason) -> str:
    return "released" if reason is FinishReason.SUCCESS else "withheld"
