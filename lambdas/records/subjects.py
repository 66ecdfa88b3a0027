"""Subjects in the table. The numbers of photos are counters on the subject's item, see `photos`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.errors import NotFound
from lambdas.domain.subject import (
    LIVE_SUBJECT_STATES,
    Consent,
    PhotoCounts,
    Subject,
    SubjectKind,
    SubjectState,
)
from lambdas.records import keys
from lambdas.records.account import Counted, one_less, one_more, why_not_one_more
from lambdas.records.erasures import (
    DEADLINE,
    OVERDUE,
    Erasure,
    ErasureKind,
    tombstone,
    with_receipt,
)
from lambdas.table import NEW, ConditionFailed, Is, Item, Put, Update, Write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambdas.ports import Table
    from lambdas.records.quotas import Spending

# The condition of every write that needs the subject to exist for its owner.
IS_LIVE = Is("state", *sorted(state.value for state in LIVE_SUBJECT_STATES))


def subject_from(item: Item) -> Subject:
    """The subject that an item holds."""
    return Subject(
        id=item["id"],
        owner=item["owner"],
        name=item["name"],
        kind=SubjectKind(item["kind"]),
        class_noun=item["class_noun"],
        consent=_consent_from(item["consent"]),
        created_at=moments.from_text(item["created_at"]),
        state=SubjectState(item["state"]),
        photos=PhotoCounts(
            item["places"],
            item["checking"],
            item["accepted"],
            item["rejected"],
            item.get("photos_accepted_ever", 0),
        ),
        active_training=item.get("active_training"),
        active_adapter=item.get("active_adapter"),
        adapter_since=_moment(item, "adapter_since"),
        adapter_expired_at=_moment(item, "adapter_expired_at"),
    )


def _moment(item: Item, name: str) -> datetime | None:
    return moments.from_text(item[name]) if name in item else None


def _item(subject: Subject) -> Item:
    key = keys.subject_key(subject.owner, subject.id)
    made = moments.to_text(subject.created_at)
    return {
        "pk": key.pk,
        "sk": key.sk,
        # When what is kept for a time only is looked at; nothing is over on the first day.
        "gsi2pk": keys.EXPIRY,
        "gsi2sk": moments.to_text(subject.created_at + timedelta(days=1)),
        "id": subject.id,
        "owner": subject.owner,
        "name": subject.name,
        "kind": subject.kind.value,
        "class_noun": subject.class_noun,
        "consent": _consent_item(subject.consent),
        "state": subject.state.value,
        "created_at": made,
        "updated_at": made,
        "places": subject.photos.places,
        "checking": subject.photos.checking,
        "accepted": subject.photos.accepted,
        "rejected": subject.photos.rejected,
    }


def _consent_from(item: Item) -> Consent:
    return Consent(
        statement=item["statement"],
        given_at=moments.from_text(item["given_at"]),
        given_by=item["given_by"],
        given_for=item["given_for"],
        version=item["version"],
    )


def _consent_item(consent: Consent) -> Item:
    return {
        "statement": consent.statement,
        # Kept although it can be computed: it proves that the statement is the one agreed to.
        "sha256": consent.sha256,
        "version": consent.version,
        "given_at": moments.to_text(consent.given_at),
        "given_by": consent.given_by,
        "given_for": consent.given_for,
    }


def create_subject(
    table: Table, subject: Subject, *, limit: int, spending: Spending | None = None
) -> None:
    """Save a new subject.

    Raises Conflict `subject_limit_reached` if its owner has `limit` of them, LimitReached if the
    day's quota is used up.
    """
    writes: list[Write] = [
        Put(_item(subject), when=NEW),
        one_more(subject.owner, Counted.SUBJECTS, limit=limit),
    ]
    try:
        table.write(*writes, *([spending.write] if spending else []))
    except ConditionFailed as failed:
        if spending and len(writes) in failed.failed:
            raise spending.refusal(table) or failed from failed
        reason = why_not_one_more(table, subject.owner, Counted.SUBJECTS, limit=limit)
        raise reason or failed from failed


def read_subject(table: Table, owner: str, subject_id: str) -> Subject:
    """The subject; NotFound if it is someone else's, never was, or is being deleted."""
    item = table.get(keys.subject_key(owner, subject_id))
    if item is None or item["state"] == SubjectState.DELETING:
        raise NotFound("subject")
    return subject_from(item)


def list_subjects(
    table: Table, owner: str, *, limit: int, after: Mapping[str, str] | None
) -> tuple[list[Subject], Mapping[str, str] | None]:
    """A page of the owner's subjects, the newest first, and the position after it."""
    page = table.query(
        keys.owner_partition(owner),
        prefix=keys.SUBJECTS,
        newest_first=True,
        limit=limit,
        after=after,
    )
    subjects = [subject_from(item) for item in page.items]
    return [subject for subject in subjects if subject.is_live], page.next


def rename_subject(table: Table, owner: str, subject_id: str, name: str, now: datetime) -> Subject:
    """Give it another name."""
    try:
        table.write(
            Update(
                keys.subject_key(owner, subject_id),
                set={"name": name, "updated_at": moments.to_text(now)},
                when=(IS_LIVE,),
            ),
        )
    except ConditionFailed:
        raise NotFound("subject") from None
    return read_subject(table, owner, subject_id)


def look_again(table: Table, owner: str, subject_id: str, at: datetime) -> None:
    """When what the subject keeps is looked at next; raises NotFound."""
    try:
        table.write(
            Update(
                keys.subject_key(owner, subject_id),
                set={"gsi2sk": moments.to_text(at)},
                when=(IS_LIVE,),
            )
        )
    except ConditionFailed:
        raise NotFound("subject") from None


def begin_subject_erasure(
    table: Table, owner: str, subject_id: str, now: datetime, *, within: timedelta = DEADLINE
) -> Erasure:
    """Hide the subject for good and leave its tombstone and receipt; raises NotFound."""
    subject = Erasure(ErasureKind.SUBJECT, owner, subject_id)
    erasure, receipt = with_receipt(subject, now, within)
    try:
        table.write(
            Update(
                keys.subject_key(owner, subject_id),
                set={
                    "state": SubjectState.DELETING.value,
                    "updated_at": moments.to_text(now),
                },
                remove=("gsi2pk", "gsi2sk"),
                when=(IS_LIVE,),
            ),
            one_less(owner, Counted.SUBJECTS),
            tombstone(erasure, due=now + OVERDUE),
            receipt,
        )
    except ConditionFailed:
        raise NotFound("subject") from None
    return erasure
