"""What happened on the tour, with timings: the table at its end."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class DemoError(Exception):
    """Something did not happen as it must; the message says what was expected."""


def expect(condition: object, sentence: str) -> None:
    """Stop the tour with the sentence unless the condition holds."""
    if not condition:
        raise DemoError(sentence)


@dataclass
class Step:
    """One line of the table."""

    title: str
    seconds: float = 0.0
    result: str = ""


@dataclass
class Record:
    """Steps in order; each prints itself as it begins and ends."""

    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Time one step; set `result` on what is yielded."""
        print(f"\n{title}", flush=True)
        step = Step(title)
        started = time.monotonic()
        yield step
        step.seconds = time.monotonic() - started
        self.steps.append(step)
        print(f"  → {step.result} ({step.seconds:.1f} s)", flush=True)

    def table(self) -> str:
        """All steps with their seconds and results."""
        width = max(len(step.title) for step in self.steps)
        lines = [f"{s.title:<{width}}  {s.seconds:>7.1f} s  {s.result}" for s in self.steps]
        total = sum(step.seconds for step in self.steps)
        return "\n".join([*lines, f"{'total':<{width}}  {total:>7.1f} s"])
