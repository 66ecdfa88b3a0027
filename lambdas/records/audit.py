"""The audit log: a table that is only appended to.

No role may change or delete an entry, and an entry is put on the condition that its key is new. IAM
cannot demand that condition of PutItem, so an entry's key ends in the digest of the rest: one that
had been written over would no longer fit its key (`is_genuine`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.audit import AuditAction, AuditEntry
from lambdas.domain.review import Decision
from lambdas.records import keys
from lambdas.table import Append, Item

if TYPE_CHECKING:
    from lambdas.ports import Table


def appending(entry: AuditEntry) -> Append:
    """The write that adds the entry."""
    at = moments.to_text(entry.at)
    content: dict[str, Any] = {
        "id": entry.id,
        "at": at,
        "by": entry.by,
        "action": entry.action.value,
        "review_id": entry.review_id,
        "account_id": entry.account_id,
        "generation_id": entry.generation_id,
        "image_id": entry.image_id,
        "subject_id": entry.subject_id,
        "photo_id": entry.photo_id,
        "decision": entry.decision and entry.decision.value,
        "before": dict(entry.before),
        "after": dict(entry.after),
        "note_sha256": entry.note_sha256,
    }
    key = {"pk": keys.audit_partition(at[:7]), "sk": f"{at}#{entry.id}#{_digest(content)}"}
    return Append({**key, **content})


def entry_from(item: Item) -> AuditEntry:
    """The entry that an item holds."""
    return AuditEntry(
        id=item["id"],
        at=moments.from_text(item["at"]),
        by=item["by"],
        action=AuditAction(item["action"]),
        review_id=item["review_id"],
        account_id=item["account_id"],
        generation_id=item["generation_id"],
        image_id=item["image_id"],
        # An entry is never rewritten: those from before photos were reviewed have neither.
        subject_id=item.get("subject_id"),
        photo_id=item.get("photo_id"),
        decision=Decision(item["decision"]) if item["decision"] else None,
        before=item["before"],
        after=item["after"],
        note_sha256=item["note_sha256"],
    )


def is_genuine(item: Item) -> bool:
    """Whether the item is what was appended under its key."""
    content = {name: value for name, value in item.items() if name not in {"pk", "sk"}}
    return bool(item["sk"].endswith(f"#{_digest(content)}"))


def list_entries(
    log: Table,
    since: datetime,
    until: datetime,
    *,
    limit: int,
    after: Mapping[str, str] | None = None,
) -> tuple[list[Item], Mapping[str, str] | None]:
    """Entries from `since` on and before `until`, the oldest first, and the position after them."""
    start, end = moments.to_text(since), moments.to_text(until)
    found: list[Item] = []
    month = after["pk"].rpartition("#")[2] if after else start[:7]
    while month <= end[:7] and len(found) < limit:
        partition = keys.audit_partition(month)
        # A position before the first entry: sort keys begin with their time.
        position = after or {"pk": partition, "sk": start}
        page = log.query(partition, up_to=end, after=position, limit=limit - len(found))
        found += page.items
        after = page.next
        if after is None:
            month = _next(month)
    if len(found) < limit:
        return found, None
    return found, {name: found[-1][name] for name in ("pk", "sk")}


def _next(month: str) -> str:
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return f"{first.year + first.month // 12:04}-{first.month % 12 + 1:02}"


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
