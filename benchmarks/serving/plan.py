"""The cells of a run: each a process of its own, kept as soon as it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.training.store import fingerprint_of
from benchmarks.training.watched import ROOT

RESULTS = ROOT / "benchmarks" / "serving" / "results.jsonl"
_MEASURED = ("inference", "contract")


class Part(StrEnum):
    """What `--only` takes; each is a module with `measure(variant, amount)`."""

    SWAP = "swap"
    IMAGES = "images"
    TRACE = "trace"
    MEMORY = "memory"
    STARTUP = "startup"
    READING = "reading"
    PRECISION = "precision"
    BATCHING = "batching"
    ISOLATION = "isolation"


@dataclass(frozen=True)
class Cell:
    """One measurement: `amount` is its turns, requests or swaps."""

    part: Part
    variant: str
    amount: int

    @property
    def fingerprint(self) -> str:
        """Of what is measured and how: a result of other code is measured anew."""
        files = [Path(__file__).with_name(f"{self.part}.py")]
        files += [file for name in _MEASURED for file in (ROOT / name).glob("*.py")]
        code = [sha256(file.read_bytes()).hexdigest() for file in sorted(files)]
        return fingerprint_of(self.key, self.amount, code)

    @property
    def key(self) -> str:
        """Its name in the results."""
        return f"{self.part}|{self.variant}"

    def measure(self) -> dict[str, Any]:
        """Measure it in this process."""
        module = import_module(f"benchmarks.serving.{self.part}")
        measured: dict[str, Any] = module.measure(self.variant, self.amount)
        return measured


# The most telling first: where time is short, the run ends before the rest.
CELLS = (
    Cell(Part.SWAP, "miniature", 8),
    Cell(Part.SWAP, "sd15", 4),
    Cell(Part.SWAP, "sdxl", 3),
    Cell(Part.IMAGES, "miniature", 20),
    Cell(Part.MEMORY, "tiny-sd", 1000),
    Cell(Part.MEMORY, "tiny-sd, swaps only", 3000),
    Cell(Part.ISOLATION, "tiny-sd 7", 1000),
    Cell(Part.BATCHING, "miniature", 4),
    Cell(Part.PRECISION, "miniature", 4),
    Cell(Part.TRACE, "all tiers", 150),
    Cell(Part.TRACE, "no host tier", 150),
    Cell(Part.TRACE, "slow store with prefetch", 150),
    Cell(Part.TRACE, "slow store without prefetch", 150),
    Cell(Part.STARTUP, "unpacked", 2),
    Cell(Part.STARTUP, "compiled", 2),
    Cell(Part.READING, "two gigabytes", 4),
    Cell(Part.ISOLATION, "miniature 4", 60),
)


def cells_of(parts: Sequence[Part], *, quick: bool) -> list[Cell]:
    """Those of the chosen parts; `quick` measures just enough to see that it runs."""
    chosen = [cell for cell in CELLS if cell.part in parts]
    if not quick:
        return chosen
    # The large UNet takes five gigabytes: no thing to try.
    return [Cell(c.part, c.variant, min(c.amount, 3)) for c in chosen if c.variant != "sdxl"]
