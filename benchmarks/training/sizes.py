"""How much is measured: a try, the default, or the whole protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.training.watched import ROOT

LOCAL = ROOT / ".local" / "bench-training"
KEPT = ROOT / "benchmarks" / "results" / "training"


@dataclass(frozen=True)
class Size:
    """`subjects`, `prompts` and `images` are the protocol's; `few` and `one` of the subjects see
    what is asked beside it.

    `speed_steps` are the steps of a timed run, `repeats` how often every side takes its turn;
    `steps` is the share of the recipe's steps that is trained at all; `class_images` show how
    varied the class is left. `minutes` end the run, 0 never. `folder` keeps the results.
    """

    name: str
    subjects: int
    few: int
    one: int
    prompts: int
    images: int
    class_images: int
    speed_steps: int
    repeats: int
    steps: float
    minutes: float
    folder: Path = KEPT

    @property
    def results(self) -> Path:
        """The file of finished cells."""
        return self.folder / f"{self.name}.jsonl"


SIZES = {
    size.name: size
    for size in (
        Size("quick", 1, 1, 1, 2, 1, 2, 6, 1, 0.03, 0, LOCAL),
        Size("default", 6, 2, 1, 10, 2, 8, 72, 3, 1.0, 40),
        Size("full", 30, 30, 30, 25, 4, 16, 100, 5, 1.0, 0),
    )
}
