"""`progress.json`: where the run is, for whoever waits for it."""

import time
from datetime import UTC, datetime
from pathlib import Path

from contract.adapter import write_whole
from contract.training_job import PROGRESS_FILE, Phase, Progress

_SECONDS_BETWEEN = 1.0


class ProgressFile:
    """Writes the document at every change of phase, and within a phase at most once a second."""

    def __init__(self, folder: Path, max_steps: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / PROGRESS_FILE
        self._max_steps = max_steps
        self._last: tuple[Phase, float] | None = None
        self._step = 0
        self._loss: float | None = None

    def phase(self, phase: Phase) -> None:
        """A new phase began."""
        self._write(phase)

    def step(self, step: int, loss: float | None) -> None:
        """A training step was done; `loss` is the running mean."""
        self._step, self._loss = step, loss
        now = time.monotonic()
        if self._last is None or self._last[0] is not Phase.TRAINING:
            due = True
        else:
            due = now - self._last[1] >= _SECONDS_BETWEEN
        if due or step == self._max_steps:
            self._write(Phase.TRAINING)

    def _write(self, phase: Phase) -> None:
        document = Progress(phase, self._step, self._max_steps, self._loss, datetime.now(UTC))
        write_whole(self._path, document.to_json())
        self._last = (phase, time.monotonic())
