"""`make up`, then `python -m benchmarks.cross_tenant`: attacks the running stack, keeps the table.

Exits with 1 if any answer is not as it must be, or if anything of the victim's has changed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cross_tenant.attackers import attackers
from benchmarks.cross_tenant.matrix import attempt, summary, table
from benchmarks.cross_tenant.rows import operations
from benchmarks.cross_tenant.victims import belongings, victim
from benchmarks.running_stack import RunningStack
from demo.journey import CONSENT
from demo.photos import portraits
from local_aws.settings import DEFAULT_PORT

if TYPE_CHECKING:
    from demo.client import AvatarClient

RESULT = Path(__file__).parents[1] / "results" / "cross_tenant.md"
_PHOTOS = 10
_VERDICT_SECONDS = 300


def main() -> int:
    """Attack, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cross_tenant")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the embedded AWS")
    stack = RunningStack(parser.parse_args().port)
    owner = stack.user("victim")
    target = victim(owner, subject_in_training(owner))
    before = belongings(owner, target)
    started = time.monotonic()
    cells = attempt(attackers(stack.base_url, stack.backstage, stack.pool), target)
    took = time.monotonic() - started
    changed = before != belongings(owner, target)
    fate = f"{'SOMETHING' if changed else 'Nothing'} of the victim's has changed."
    title = "# Every route against everybody who must not get through"
    found = f"{len(operations())} routes; {summary(cells)} {fate}"
    report = "\n\n".join([title, found, table(cells)])
    RESULT.write_text(f"{report}\n", encoding="utf-8")
    print(f"{report}\n\nThe attack took {took:.0f} s.")
    return int(changed or not all(cell.as_it_must_be for cell in cells))


def subject_in_training(owner: AvatarClient) -> str:
    """A subject with photos whose training was cancelled as soon as it was there."""
    consent = {"statement": CONSENT, "accepted": True}
    body = {"name": "Victoria Regina the Second", "kind": "person", "consent": consent}
    subject = str(owner.post("/subjects", body)["id"])
    files = portraits(_PHOTOS)
    wanted = [{"content_type": f.content_type, "size_bytes": len(f.content)} for f in files]
    slots = owner.post(f"/subjects/{subject}/photos", {"photos": wanted})["photos"]
    for slot, file in zip(slots, files, strict=True):
        owner.upload(slot, file.content).raise_for_status()
    owner.wait(
        f"/subjects/{subject}",
        lambda found: found["photos"]["accepted"] == _PHOTOS,
        seconds=_VERDICT_SECONDS,
    )
    training = owner.post(f"/subjects/{subject}/trainings")["id"]
    owner.call("POST", f"/trainings/{training}/cancel")
    return subject


if __name__ == "__main__":
    sys.exit(main())
