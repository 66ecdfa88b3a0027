"""Where the run is: `progress.json` for whoever waits, a line per interval for whoever reads.

The lines' numbers become CloudWatch metrics by the regular expressions of the training stack.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

from contract.adapter import write_whole
from contract.training_job import PROGRESS_FILE, Phase, Progress

_SECONDS_BETWEEN = 1.0
_LINES_PER_RUN = 20


def step_line(step: int, max_steps: int, loss: float, seconds_per_step: float) -> str:
    """How far it is, how well it goes, and how long it will take."""
    left = round((max_steps - step) * seconds_per_step)
    return (
        f"event=step step={step} of={max_steps} loss={loss:.5f} "
        f"steps_per_second={1 / max(seconds_per_step, 1e-9):.3f} left_s={left}"
    )


def scores_line(
    step: int, identity: float, prompt_fidelity: float | None, likeness: float, score: float
) -> str:
    """What a round of measuring found."""
    fidelity = "" if prompt_fidelity is None else f"prompt_fidelity={prompt_fidelity:.4f} "
    return (
        f"event=measured step={step} identity={identity:.4f} {fidelity}"
        f"likeness={likeness:.4f} score={score:.4f}"
    )


def is_line_due(step: int, max_steps: int) -> bool:
    """Whether a line belongs after this step: twenty in a run, and the last."""
    return step == max_steps or step % max(1, max_steps // _LINES_PER_RUN) == 0


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
