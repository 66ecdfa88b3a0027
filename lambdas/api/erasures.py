"""`/erasures/{id}`: how a deletion stands, and its receipt; for whoever has its id.

Nobody is asked who they are: the account may be gone, and the id, 80 random bits told only to who
asked for the deletion, opens nothing but counts and times.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lambdas.api.messages import Answer, Request, accepted, ok
from lambdas.api.subject_ports import SubjectPorts, send_erasure
from lambdas.domain import moments
from lambdas.domain.ids import Prefix
from lambdas.domain.receipt import Receipt, removed_rows
from lambdas.records.receipts import read_receipt

if TYPE_CHECKING:
    from lambdas.api.http import Api
    from lambdas.domain.settings import DomainSettings
    from lambdas.records.erasures import Erasure

ALGORITHM = "ECDSA_SHA_256"


def add_erasure_routes(api: Api, ports: SubjectPorts) -> None:
    """The routes over these ports."""

    @api.get("/erasures/{erasure_id}", public=True)
    def read_erasure(request: Request[None]) -> Answer:
        """How a deletion stands, and its signed receipt once everything is gone.

        Needs no token: the account may be gone, and nobody can guess the id.
        """
        receipt = read_receipt(ports.table, request.id("erasure_id", Prefix.ERASURE))
        return ok(_document(receipt))


def within(settings: DomainSettings) -> timedelta:
    """How long an erasure may take."""
    return timedelta(hours=settings.erasure.deadline_hours)


def erasure_begun(ports: SubjectPorts, erasure: Erasure) -> Answer:
    """Have it erased, and say by when and where to follow it."""
    send_erasure(ports.erasures, erasure)
    receipt = read_receipt(ports.table, erasure.receipt_id or "")
    return accepted(f"/erasures/{receipt.id}", _document(receipt))


def _document(receipt: Receipt) -> dict[str, Any]:
    completed, signed = receipt.completed_at, receipt.signed
    return {
        "id": receipt.id,
        "kind": receipt.kind,
        "state": receipt.state.value,
        "requested_at": moments.to_text(receipt.requested_at),
        "erased_by": moments.to_text(receipt.erased_by),
        "completed_at": moments.to_text(completed) if completed else None,
        "removed": removed_rows(receipt.removed) if receipt.removed is not None else None,
        "receipt": signed
        and {
            "document": signed.document,
            "signature": signed.signature,
            "algorithm": ALGORITHM,
            "key_id": signed.key_id,
        },
    }
