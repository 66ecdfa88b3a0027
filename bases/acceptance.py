"""A base model's licence is shown, and accepted by somebody before anything is mirrored.

At a terminal that is a question. Elsewhere it is the hash of the text that somebody read, so that a
script does not accept another wording than the one that was agreed to.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bases.licence import LICENCE_RECORD, Acceptance, Licence, LicenceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bases.bucket import Bucket

_HASH_DIGITS = 12  # as much of a text's hash as has to be given to accept it


def accepted_before(bucket: Bucket, base_id: str, licence: Licence) -> Acceptance | None:
    """The record of the same text having been accepted for this base, if it was."""
    text = bucket.read(f"base/{base_id}/{LICENCE_RECORD}")
    if text is None:
        return None
    found = Acceptance.from_json(text)
    return found if found.licence.sha256 == licence.sha256 else None


def demand_acceptance(licence: Licence, given: str | None, ask: Callable[[], str] | None) -> None:
    """Show a licence, and raise LicenceError unless it is accepted.

    `given` is what --accept-licence says: the hash of the text that somebody read, or at least its
    first 12 digits. Without it `ask` is what a person at a terminal answers.
    """
    digest = licence.sha256
    if given is not None:
        if len(given) < _HASH_DIGITS or not digest.startswith(given.lower()):
            raise LicenceError(
                f"{licence.name} has the hash {digest[:_HASH_DIGITS]}, which is another text than"
                " the one accepted: read it, and say --accept-licence with its hash"
            )
        return
    sys.stderr.write(f"{licence.text.rstrip()}\n\n--- {licence.name}, SHA-256 {digest}\n")
    if ask is None:
        raise LicenceError(
            "the licence above has to be accepted by somebody who may:"
            f" --accept-licence {digest[:_HASH_DIGITS]}"
        )
    if ask().strip().lower() != "accept":
        raise LicenceError("the licence was not accepted: nothing was published")


def acceptance_of(
    licence: Licence, base_id: str, bucket: Bucket, given: str | None, caller: Callable[[], str]
) -> Acceptance:
    """The acceptance of a licence: the earlier one of the same text, or a new one by `caller`.

    Raises LicenceError.
    """
    before = accepted_before(bucket, base_id, licence)
    if before is not None:
        sys.stderr.write(f"{licence.name} was accepted on {before.accepted_at:%Y-%m-%d}.\n")
        return before
    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    demand_acceptance(licence, given, _ask if at_terminal else None)
    return Acceptance(licence, caller(), datetime.now(UTC))


def _ask() -> str:
    return input("Type 'accept' to accept this licence for your organisation: ")
