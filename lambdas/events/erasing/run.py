"""One run of one erasure: its ports, how far it is, and the records of its owner."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.records import erasures, keys
from lambdas.table import Delete, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from lambdas.ports import (
        Clock,
        IdempotencyRecords,
        ObjectStore,
        Postponement,
        ReceiptSigner,
        SignIns,
        Table,
        TrainingJobs,
        TrainingRunner,
    )
    from lambdas.records.erasures import Progress
    from lambdas.table import Item

# Far below the 100 writes of a transaction, so that one is small and seldom collides.
PER_WRITE = 25


@dataclass(frozen=True)
class ErasurePorts:
    """Everything in which something of a user can lie; `receipt_days`: how long receipts stay."""

    table: Table
    idempotency: IdempotencyRecords
    uploads: ObjectStore
    photos: ObjectStore
    models: ObjectStore
    work: ObjectStore
    avatars: ObjectStore
    runner: TrainingRunner
    jobs: TrainingJobs
    sign_ins: SignIns
    signer: ReceiptSigner
    clock: Clock
    receipt_days: int
    postponement: Postponement | None = None


class Run:
    """Reads and writes for the steps; `progress` is as it stands in the table."""

    def __init__(self, ports: ErasurePorts, progress: Progress) -> None:
        self.ports = ports
        self.table = ports.table
        self.progress = progress
        self.owner = progress.erasure.owner

    @property
    def now(self) -> datetime:
        """This moment."""
        return self.ports.clock.now()

    def enter(
        self, step: str, count: Callable[[], Mapping[str, int]] = dict, *, batch: str = ""
    ) -> None:
        """Begin a step. What it will remove is counted and noted before any of it goes, once."""
        if (self.progress.step, self.progress.batch) != (step, batch):
            self.progress = erasures.enter(self.table, self.progress, step, batch, count())

    def again(self, *, waits: bool) -> None:
        """Begin another pass."""
        self.progress = erasures.again(self.table, self.progress, waits=waits)

    def expect_until(self, quiet_at: datetime, addresses: tuple[str, ...] = ()) -> None:
        """Something may still be written until then."""
        self.progress = erasures.expect_until(self.table, self.progress, quiet_at, addresses)

    def quiet_now(self) -> None:
        """What was expected has come to its end."""
        self.progress = erasures.quiet_now(self.table, self.progress, self.now)

    def items(self, prefix: str = "") -> Iterator[Item]:
        """The owner's records, as they are now."""
        after = None
        while True:
            page = self.table.query(keys.owner_partition(self.owner), prefix=prefix, after=after)
            yield from page.items
            after = page.next
            if after is None:
                return

    def delete(self, items: Iterable[Item]) -> None:
        """Delete records."""
        doomed = list(items)
        for start in range(0, len(doomed), PER_WRITE):
            some = doomed[start : start + PER_WRITE]
            self.table.write(*(Delete(Key(i["pk"], i["sk"])) for i in some))


def count_records(items: Iterable[Item]) -> Counter[str]:
    """How many records of each kind, as their keys name it: "records/photo"."""
    return Counter(f"records/{item['sk'].partition('#')[0].lower()}" for item in items)
