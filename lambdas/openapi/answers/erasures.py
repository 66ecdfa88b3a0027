"""Deletions and their receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from lambdas.domain.receipt import ErasureState
from lambdas.openapi.answers.common import AnswerModel


class RemovedCount(AnswerModel):
    """How many of a kind were removed from a store, every version of an object counted."""

    store: str
    kind: str
    count: int


class SignedReceipt(AnswerModel):
    """Proof of a deletion. `signature` is base64 of the DER form, over the bytes of `document`."""

    document: Annotated[
        str, Field(description="JSON, to be checked as it is: what was removed, and when.")
    ]
    signature: str
    algorithm: Literal["ECDSA_SHA_256"]
    key_id: Annotated[str, Field(description="The KMS key, whose public half checks it.")]


class Erasure(AnswerModel):
    """How a deletion stands. While it is `waiting`, an answer of the endpoint may yet come."""

    id: str
    kind: Literal["subject", "account"]
    state: ErasureState
    requested_at: datetime
    erased_by: Annotated[datetime, Field(description="When all is gone at the latest.")]
    completed_at: datetime | None
    removed: list[RemovedCount] | None
    receipt: SignedReceipt | None
