"""The receipt of an erasure: what was removed, when, and nothing about whom.

The signed text is JSON with sorted keys and no spaces, in ASCII, kept and handed out as it was
signed: whoever checks it needs no rules about JSON. It names its target by a hash only, so that the
receipt may stay where the target's own id must not; whoever knows the id can compare.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lambdas.domain import moments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

FORMAT = 1


class ErasureState(StrEnum):
    """How an erasure stands.

    requested ──► removing ──► completed      `receipt` is there
                   ▲    ▼
                   waiting                    everything found is gone; an answer may yet come
    """

    REQUESTED = "requested"
    REMOVING = "removing"
    WAITING = "waiting"
    COMPLETED = "completed"


@dataclass(frozen=True)
class SignedReceipt:
    """`document` is the text that was signed; `signature` is base64 of the DER of ECDSA."""

    document: str
    signature: str
    key_id: str


@dataclass(frozen=True)
class Receipt:
    """How one erasure stands; `removed`: "store/kind" → how many."""

    id: str
    kind: str
    target_sha256: str
    requested_at: datetime
    erased_by: datetime
    state: ErasureState = ErasureState.REQUESTED
    removed: Mapping[str, int] | None = None
    completed_at: datetime | None = None
    signed: SignedReceipt | None = None

    def text(self, removed: Mapping[str, int], completed_at: datetime) -> str:
        """What is signed once everything is gone."""
        return json.dumps(
            {
                "format": FORMAT,
                "erasure_id": self.id,
                "kind": self.kind,
                "target_sha256": self.target_sha256,
                "requested_at": moments.to_text(self.requested_at),
                "erased_by": moments.to_text(self.erased_by),
                "completed_at": moments.to_text(completed_at),
                "removed": removed_rows(removed),
            },
            sort_keys=True,
            separators=(",", ":"),
        )


def removed_rows(removed: Mapping[str, int]) -> list[dict[str, Any]]:
    """The counts as rows, in the order of their names; nothing that was not there."""
    return [
        {"store": name.partition("/")[0], "kind": name.partition("/")[2], "count": count}
        for name, count in sorted(removed.items())
        if count
    ]


def target_hash(target_id: str) -> str:
    """SHA-256 of an id, in hexadecimal; ids have 80 random bits or more, so none can be guessed."""
    return hashlib.sha256(target_id.encode()).hexdigest()
