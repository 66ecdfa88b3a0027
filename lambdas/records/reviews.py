"""Reviews in the table: under their owner, so that they are erased with the account.

Each change replaces the whole item on the condition that nobody changed it since it was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.review import (
    Decided,
    Decision,
    HeldPhoto,
    Image,
    ReportReason,
    Review,
    ReviewReason,
    ReviewState,
)
from lambdas.ports import ModerationLabel
from lambdas.records import keys
from lambdas.table import NEW, Index, Is, Item, Key, Put

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.ports import Table

# Read at once; a list that is filtered reads this often before it gives what it found.
_PAGE, _PAGES = 100, 5


def key_of(owner: str, of: Image | HeldPhoto | None) -> Key:
    """The key of the review of an image, a photo, or the account."""
    match of:
        case Image():
            return keys.image_review_key(owner, of.generation_id, of.image_id)
        case HeldPhoto():
            return keys.photo_review_key(owner, of.subject_id, of.photo_id)
        case None:
            return keys.account_review_key(owner)


def review_from(item: Item) -> Review:
    """The review that an item holds."""
    decided = item.get("decided")
    return Review(
        id=item["id"],
        owner=item["owner"],
        of=_of(item),
        reason=ReviewReason(item["reason"]),
        opened_at=moments.from_text(item["opened_at"]),
        created_at=moments.from_text(item["created_at"]),
        state=ReviewState(item["state"]),
        labels=tuple(
            ModerationLabel(each["name"], each["parent"], float(each["confidence"]))
            for each in item["labels"]
        ),
        report=ReportReason(item["report"]) if item["report"] else None,
        appealed=item["appealed"],
        statement=item["statement"],
        was_released=item["was_released"],
        decided=Decided(
            decided["by"],
            moments.from_text(decided["at"]),
            Decision(decided["decision"]),
            decided["entry"],
        )
        if decided
        else None,
        notes=item["notes"],
        revision=item["revision"],
        expires_at=item.get("ttl"),
    )


def _of(item: Item) -> Image | HeldPhoto | None:
    image, photo = item.get("image"), item.get("photo")
    if photo:
        return HeldPhoto(photo["subject_id"], photo["photo_id"])
    return Image(image["generation_id"], image["image_id"]) if image else None


def _item(review: Review) -> Item:
    key, opened_at = key_of(review.owner, review.of), moments.to_text(review.opened_at)
    image, photo, decided = review.image, review.photo, review.decided
    item: dict[str, Any] = {
        "pk": key.pk,
        "sk": key.sk,
        "gsi1pk": keys.review_partition(review.id),
        "gsi1sk": keys.REVIEWS,
        "gsi2pk": keys.state_partition(keys.REVIEWS, review.state),
        "gsi2sk": f"{opened_at}#{review.id}",
        "id": review.id,
        "owner": review.owner,
        "image": image and {"generation_id": image.generation_id, "image_id": image.image_id},
        "photo": photo and {"subject_id": photo.subject_id, "photo_id": photo.photo_id},
        "state": review.state.value,
        "reason": review.reason.value,
        "opened_at": opened_at,
        "created_at": moments.to_text(review.created_at),
        "labels": [
            {"name": each.name, "parent": each.parent, "confidence": each.confidence}
            for each in review.labels
        ],
        "report": review.report and review.report.value,
        "appealed": review.appealed,
        "statement": review.statement,
        "was_released": review.was_released,
        "decided": decided
        and {
            "by": decided.by,
            "at": moments.to_text(decided.at),
            "decision": decided.decision.value,
            "entry": decided.entry,
        },
        "notes": dict(review.notes),
        "revision": review.revision,
    }
    if review.expires_at is not None:
        item["ttl"] = review.expires_at
    return item


def new(review: Review) -> Put:
    """The write that saves a review which does not exist yet."""
    return Put(_item(review), when=NEW)


def changed(review: Review) -> Put:
    """The write that saves a changed review; holds if nobody changed it since it was read."""
    saved = replace(review, revision=review.revision + 1)
    return Put(_item(saved), when=(Is("revision", review.revision),))


def find_review(table: Table, owner: str, of: Image | HeldPhoto | None) -> Review | None:
    """The review of an image, a photo or the account, or None."""
    item = table.get(key_of(owner, of))
    return review_from(item) if item else None


def find_review_by_id(table: Table, review_id: str) -> Review | None:
    """The review as it is now: the index, which may lag, only says whose it is."""
    page = table.query(keys.review_partition(review_id), index=Index.BY_OWNER, limit=1)
    if not page.items:
        return None
    item = table.get(Key(page.items[0]["pk"], page.items[0]["sk"]))
    return review_from(item) if item else None


def list_reviews(
    table: Table,
    state: ReviewState,
    reason: ReviewReason | None = None,
    *,
    limit: int,
    after: Mapping[str, str] | None = None,
) -> tuple[list[Review], Mapping[str, str] | None]:
    """Those that have been longest in a state first, and the position after them.

    With a `reason` there may be fewer than `limit` although more follow.
    """
    partition = keys.state_partition(keys.REVIEWS, state)
    found: list[Item] = []
    for _ in range(_PAGES):
        page = table.query(partition, index=Index.BY_STATE, limit=_PAGE, after=after)
        for item in page.items:
            if len(found) == limit:
                return [review_from(each) for each in found], _position(found[-1])
            if reason in {None, item["reason"]}:
                found.append(item)
        after = page.next
        if after is None or len(found) == limit:
            break
    return [review_from(item) for item in found], after


def _position(item: Item) -> Mapping[str, str]:
    return {name: item[name] for name in ("pk", "sk", "gsi2pk", "gsi2sk")}


def oldest_open(table: Table) -> datetime | None:
    """Since when the one that waits longest has been waiting; None if none does."""
    partition = keys.state_partition(keys.REVIEWS, ReviewState.OPEN)
    page = table.query(partition, index=Index.BY_STATE, limit=1)
    return review_from(page.items[0]).opened_at if page.items else None
