"""Receipts in the table, each in a partition of its own that names nobody.

A receipt is written with the tombstone of its erasure and outlasts it; DynamoDB drops it when its
time is over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.errors import NotFound
from lambdas.domain.receipt import ErasureState, Receipt, SignedReceipt
from lambdas.records import keys
from lambdas.table import NEW, Item, Put, Update

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambdas.ports import Table


def new_receipt(receipt: Receipt) -> Put:
    """The write that begins it; goes with the tombstone."""
    key = keys.receipt_key(receipt.id)
    return Put(
        {
            "pk": key.pk,
            "sk": key.sk,
            "id": receipt.id,
            "kind": receipt.kind,
            "target_sha256": receipt.target_sha256,
            "requested_at": moments.to_text(receipt.requested_at),
            "erased_by": moments.to_text(receipt.erased_by),
            "state": receipt.state.value,
        },
        when=NEW,
    )


def read_receipt(table: Table, receipt_id: str) -> Receipt:
    """The receipt; raises NotFound."""
    item = table.get(keys.receipt_key(receipt_id))
    if item is None:
        raise NotFound("erasure")
    return _receipt_from(item)


def _receipt_from(item: Item) -> Receipt:
    completed = item.get("completed_at")
    signed = None
    if "document" in item:
        signed = SignedReceipt(item["document"], item["signature"], item["key_id"])
    return Receipt(
        id=item["id"],
        kind=item["kind"],
        target_sha256=item["target_sha256"],
        requested_at=moments.from_text(item["requested_at"]),
        erased_by=moments.from_text(item["erased_by"]),
        state=ErasureState(item["state"]),
        removed=item.get("removed"),
        completed_at=moments.from_text(completed) if completed else None,
        signed=signed,
    )


def moved(receipt_id: str, state: ErasureState) -> Update:
    """It goes on to `state`."""
    return Update(keys.receipt_key(receipt_id), set={"state": state.value})


def completed(
    receipt_id: str,
    signed: SignedReceipt,
    removed: Mapping[str, int],
    now: datetime,
    *,
    keep_days: int,
) -> Update:
    """The last write of an erasure: everything is gone, and here is the proof."""
    return Update(
        keys.receipt_key(receipt_id),
        set={
            "state": ErasureState.COMPLETED.value,
            "removed": dict(removed),
            "completed_at": moments.to_text(now),
            "document": signed.document,
            "signature": signed.signature,
            "key_id": signed.key_id,
            "ttl": moments.to_epoch(now + timedelta(days=keep_days)),
        },
    )
