"""Erasure of a photo, an upload, an adapter, a generation, a subject, an account: every copy.

Each kind is a list of steps. A step counts what it finds, notes that with the tombstone, then
removes it; an interruption at any point is followed by another run that goes on at that step.

    stopping ──► generations ──► objects ──► records ──► sign_in ──► signed receipt, no tombstone
        ▲                                                   │
        └── once more, while something may still be written ┘
            or if a last look finds something left

What may still be written for a while (by a training that is being stopped, by a request that waits
for the endpoint, which nobody can cancel) keeps the tombstone until that is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lambdas import environment, telemetry, wiring
from lambdas.domain.errors import Unavailable
from lambdas.domain.receipt import SignedReceipt
from lambdas.events.erasing.generations import remove_generations
from lambdas.events.erasing.places import count_objects, places_of, remove_objects
from lambdas.events.erasing.records import (
    records_of_account,
    records_of_subject,
    remove_records,
    remove_sign_in,
)
from lambdas.events.erasing.run import ErasurePorts as ErasurePorts
from lambdas.events.erasing.run import Run
from lambdas.events.erasing.trainings import stop_trainings
from lambdas.events.queue_batch import queue_handler
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records import keys
from lambdas.records.erasures import (
    OVERDUE,
    Erasure,
    ErasureKind,
    bury,
    read_progress,
    standing_erasures,
)
from lambdas.records.generations import ANCESTORS
from lambdas.records.receipts import completed, read_receipt
from lambdas.table import ConditionFailed, Delete, Write

if TYPE_CHECKING:
    from lambdas.table import Item

# A thing that is hidden gets nothing new but what was under way: a second look finds none of it.
_PASSES = 3
Steps = dict[str, Callable[[], None]]


def build_handler(ports: ErasurePorts) -> Handler:
    """The handler over these ports."""
    eraser = Eraser(ports)

    def receive(message: dict[str, Any]) -> None:
        eraser.erase(Erasure.from_message(message))

    return queue_handler("erasure", receive, ports.postponement)


class Eraser:
    """Erases one thing; may be run again at any time."""

    def __init__(self, ports: ErasurePorts) -> None:
        self._ports = ports

    def erase(self, erasure: Erasure) -> None:
        """Erase it if its tombstone stands; raises Unavailable to be run again."""
        progress = read_progress(self._ports.table, erasure)
        if progress is None:
            return
        run = Run(self._ports, progress)
        try:
            self._pass_after_pass(run)
        except ConditionFailed as error:
            # Another run of the same erasure is at it; whoever comes back finds it done, or stuck.
            raise Unavailable("records") from error

    def _pass_after_pass(self, run: Run) -> None:
        steps = self._steps(run)
        for _ in range(_PASSES):
            names = list(steps)
            at = run.progress.step
            for name in names[names.index(at) if at in steps else 0 :]:
                steps[name]()
            quiet_at = run.progress.quiet_at
            if quiet_at is not None and quiet_at > run.now:
                run.again(waits=True)
                self._log(run, "erased_so_far")
                return
            if not self._left(run):
                self._end(run)
                return
            run.again(waits=False)
        raise Unavailable("objects")

    def _steps(self, run: Run) -> Steps:
        """By their names, in their order."""
        target = run.progress.erasure.id
        generations, objects = "generations", {"objects": lambda: remove_objects(run)}
        match run.progress.erasure.kind:
            case ErasureKind.PHOTO | ErasureKind.ADAPTER:
                return {**objects}
            case ErasureKind.UPLOAD:
                return {**objects, "records": lambda: remove_records(run, [], {target})}
            case ErasureKind.GENERATION:
                own: Callable[[Item], bool] = lambda item: item["id"] == target  # noqa: E731
                return {generations: lambda: remove_generations(run, own), **objects}
            case ErasureKind.SUBJECT:
                its: Callable[[Item], bool] = (  # noqa: E731
                    lambda item: (
                        item.get("subject_id") == target or target in item.get(ANCESTORS, ())
                    )
                )
                return {
                    "stopping": lambda: stop_trainings(run, target),
                    generations: lambda: remove_generations(run, its),
                    **objects,
                    "records": lambda: remove_records(run, records_of_subject(run), {target}),
                }
            case ErasureKind.ACCOUNT:
                return {
                    "stopping": lambda: stop_trainings(run, None),
                    "begun": lambda: self._finish_what_was_begun(run),
                    generations: lambda: remove_generations(run, lambda _: True, with_owner=True),
                    **objects,
                    "records": lambda: remove_records(run, records_of_account(run), None),
                    **({"sign_in": lambda: remove_sign_in(run)} if run.progress.signs_in else {}),
                }

    def _finish_what_was_begun(self, run: Run) -> None:
        """Earlier erasures of the same owner: each ends by itself, and the account after them."""
        run.enter("begun")
        own = run.progress.erasure
        for other in standing_erasures(run.table, run.owner):
            if other.erasure != own and other.due <= run.now + OVERDUE:
                self.erase(other.erasure)
        for other in standing_erasures(run.table, run.owner):
            if other.erasure != own:
                run.expect_until(other.due)

    def _left(self, run: Run) -> bool:
        """A last look: whether anything of it is still there."""
        if count_objects(places_of(self._ports, run.progress)):
            return True
        match run.progress.erasure.kind:
            case ErasureKind.SUBJECT:
                return bool(records_of_subject(run))
            case ErasureKind.ACCOUNT:
                others = len(standing_erasures(run.table, run.owner)) > 1
                return others or bool(records_of_account(run))
        return False

    def _end(self, run: Run) -> None:
        erasure, now = run.progress.erasure, run.now
        writes: list[Write] = [bury(erasure)]
        if erasure.receipt_id:
            receipt = read_receipt(run.table, erasure.receipt_id)
            text = receipt.text(run.progress.removed, now)
            signature = self._ports.signer.sign(text.encode())
            signed = SignedReceipt(text, signature, self._ports.signer.key_id)
            days = self._ports.receipt_days
            removed = run.progress.removed
            writes.append(completed(receipt.id, signed, removed, now, keep_days=days))
            if now > receipt.erased_by:
                telemetry.count("ErasuresLate")
        if erasure.kind is ErasureKind.ACCOUNT:
            writes.append(Delete(keys.account_key(erasure.owner)))
        run.table.write(*writes)
        self._log(run, "erased")
        telemetry.count("Erasures")

    def _log(self, run: Run, event: str) -> None:
        """By the receipt's id or the thing's own; never the owner's, which outlives the account."""
        erasure = run.progress.erasure
        account = erasure.kind is ErasureKind.ACCOUNT
        telemetry.logger.info(
            event,
            extra={
                "kind": erasure.kind,
                "target": erasure.receipt_id or ("" if account else erasure.id),
                "passes": run.progress.passes,
            },
        )


def _wired() -> Handler:
    settings = environment.current().settings()
    return build_handler(
        ErasurePorts(
            table=wiring.table(),
            idempotency=wiring.idempotency_records(),
            uploads=wiring.bucket("UPLOADS_BUCKET"),
            photos=wiring.bucket("PHOTOS_BUCKET"),
            models=wiring.bucket("MODELS_BUCKET"),
            work=wiring.bucket("WORK_BUCKET"),
            avatars=wiring.bucket("AVATARS_BUCKET"),
            runner=wiring.training_runner(),
            jobs=wiring.training_jobs(),
            sign_ins=wiring.sign_ins(),
            signer=wiring.receipt_signer(),
            clock=wiring.clock(),
            receipt_days=settings.retention_days.receipts,
            postponement=wiring.postponement(),
        )
    )


handler = lambda_handler(_wired)
