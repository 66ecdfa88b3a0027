"""Records of what is erased, and the sign-in of an account: the last to go.

Which records belong to a subject or an account is decided by keys and the ids in them, never by a
list of kinds: whatever is added beside an owner's things goes with them.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.events.erasing.answers import answers_about, forget_answers
from lambdas.events.erasing.run import count_records
from lambdas.records import keys
from lambdas.table import Put

if TYPE_CHECKING:
    from lambdas.events.erasing.run import Run
    from lambdas.table import Item

# Cognito, "UserPoolClient": an access token is valid for a day at most.
_LONGEST_TOKEN = timedelta(days=1)


def records_of_subject(run: Run) -> list[Item]:
    """All that is about the subject, its own record last; tombstones have their own end."""
    subject = run.progress.erasure.id
    own = keys.subject_key(run.owner, subject).sk
    found = [
        item
        for item in run.items()
        if not item["sk"].startswith((keys.IDEMPOTENCY, keys.ERASURES))
        and (item.get("subject_id") == subject or subject in item["sk"].split("#"))
    ]
    return sorted(found, key=lambda item: item["sk"] == own)


def records_of_account(run: Run) -> list[Item]:
    """All of the owner's partition but the account itself, which closes it until the end."""
    kept = (keys.account_key(run.owner).sk, f"{keys.ERASURES}#")
    return [item for item in run.items() if not item["sk"].startswith(kept)]


def remove_records(run: Run, records: list[Item], about: set[str] | None) -> None:
    """The step: `records`, and the kept answers that tell of them or of `about` (None: all)."""
    ids = None if about is None else about | {str(item.get("id")) for item in records}
    answers = answers_about(run, ids)
    others = [item for item in records if not item["sk"].startswith(keys.IDEMPOTENCY)]

    def count() -> Counter[str]:
        found = count_records([*others, *answers])
        found["idempotency/answer"] += len(answers)
        return found

    run.enter("records", count)
    forget_answers(run, answers)
    run.delete(others)


def remove_sign_in(run: Run) -> None:
    """The step: the user can no longer sign in; tokens that still live begin nothing new."""
    sign_ins, owner = run.ports.sign_ins, run.owner
    run.enter("sign_in", lambda: {"identity/user": int(sign_ins.exists(owner))})
    key = keys.gone_key(owner)
    ends = moments.to_epoch(run.now + _LONGEST_TOKEN)
    run.table.write(Put({"pk": key.pk, "sk": key.sk, "ttl": ends}))
    sign_ins.delete(owner)
