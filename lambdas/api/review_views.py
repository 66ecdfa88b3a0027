"""Reviews and the audit log as moderators see them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.audit import names_of
from lambdas.records.audit import entry_from, is_genuine

if TYPE_CHECKING:
    from lambdas.domain.review import Review
    from lambdas.table import Item

# What a spreadsheet would take for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "id", "at", "by", "action", "decision", "review_id", "account_id", "generation_id", "image_id",
    "subject_id", "photo_id", "before", "after", "note", "note_sha256", "genuine",
)  # fmt: skip


def summary(review: Review) -> dict[str, Any]:
    """As a list shows it; the labels are screening's."""
    decided = review.decided
    return {
        "id": review.id,
        "state": review.state.value,
        "reason": review.reason.value,
        "account_id": review.owner,
        **names_of(review),
        "labels": [
            {"name": each.name, "parent": each.parent, "confidence": each.confidence}
            for each in review.labels
        ],
        "report_reason": review.report.value if review.report else None,
        "statement": review.statement,
        "appealed": review.appealed,
        "opened_at": moments.to_text(review.opened_at),
        "decision": decided
        and {
            "decision": decided.decision.value,
            "by": decided.by,
            "at": moments.to_text(decided.at),
            "note": review.notes.get(decided.entry),
        },
    }


def entry_document(item: Item, notes: Mapping[str, str]) -> dict[str, Any]:
    """An entry of the log, with its note while the account that it is about is still there."""
    entry = entry_from(item)
    return {
        "id": entry.id,
        "at": moments.to_text(entry.at),
        "by": entry.by,
        "action": entry.action.value,
        "decision": entry.decision.value if entry.decision else None,
        "review_id": entry.review_id,
        "account_id": entry.account_id,
        "generation_id": entry.generation_id,
        "image_id": entry.image_id,
        "subject_id": entry.subject_id,
        "photo_id": entry.photo_id,
        "before": dict(entry.before),
        "after": dict(entry.after),
        "note": notes.get(entry.id),
        "note_sha256": entry.note_sha256,
        "genuine": is_genuine(item),
    }


def as_json_lines(documents: Iterable[Mapping[str, Any]]) -> str:
    """One document a line."""
    return "".join(f"{json.dumps(each, separators=(',', ':'))}\n" for each in documents)


def as_csv(documents: Iterable[Mapping[str, Any]]) -> str:
    """RFC 4180, with a header; states as `thing=state` pairs, formulas made harmless."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for document in documents:
        writer.writerow({name: _cell(value) for name, value in document.items()})
    return out.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Mapping():
            return " ".join(f"{name}={state}" for name, state in value.items())
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
