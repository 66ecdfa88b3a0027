"""One training run from photos to adapter: the phases in order."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from contract.document import Scalar
from contract.training_failure import FailureCode
from contract.training_job import Hyperparameters, Phase
from training import checkpoint
from training.choosing import demand_likeness
from training.errors import Interrupted, TrainingError
from training.evaluation import Scores
from training.lora import adapter_tensors
from training.preparation import Preparation, prepare
from training.progress import ProgressFile, is_line_due, scores_line, step_line
from training.publish import publish
from training.samples import save_samples
from training.settings import Folders

_log = logging.getLogger(__name__)


@dataclass
class _Clock:
    """Seconds that this process spent in training steps and in measuring."""

    steps: int = 0
    training: float = 0.0
    measuring: float = 0.0
    since: float = 0.0

    def begin(self) -> None:
        self.since = time.monotonic()

    def step(self) -> None:
        now = time.monotonic()
        self.steps, self.training, self.since = (
            self.steps + 1,
            self.training + now - self.since,
            now,
        )

    @contextmanager
    def aside(self) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self.measuring += time.monotonic() - begun
            self.since = time.monotonic()

    def seconds_per_step(self) -> float:
        return self.training / max(1, self.steps)

    def measuring_share(self) -> float:
        return self.measuring / max(1e-9, self.training + self.measuring)


def run(settings: Hyperparameters, folders: Folders, stop: Callable[[], bool]) -> None:
    """Train and publish. Raises TrainingError, or Interrupted once `stop` says so."""

    def pause() -> None:
        if stop():
            raise Interrupted

    progress = ProgressFile(folders.checkpoints, settings.max_steps)
    ready = prepare(settings, folders, progress, pause)
    loop, chooser, clock = ready.loop, ready.chooser, _Clock()
    loss_first = _resume_or_begin(settings, folders, ready)
    resumed_at = loop.step

    def keep() -> None:
        state = loop.state()
        state["fingerprint"] = ready.fingerprint
        state["loss_first"] = loss_first
        state["chooser"] = chooser.state()
        checkpoint.save(folders.checkpoints, loop.step, state)
        _log.info("event=checkpoint step=%d", loop.step)

    def measure() -> bool:
        if not chooser.is_due:
            return False
        if loop.step == settings.max_steps:
            progress.phase(Phase.EVALUATING)
        with clock.aside():
            scores, pictures = chooser.measure()
            save_samples(folders.checkpoints, loop.step, pictures)
        _log.info(_line_of(scores))
        return True

    def after() -> None:
        clock.step()
        progress.step(loop.step, loop.loss)
        if is_line_due(loop.step, settings.max_steps):
            loss, pace = loop.loss or 0.0, clock.seconds_per_step()
            _log.info(step_line(loop.step, settings.max_steps, loss, pace))
        if measure() or loop.step % settings.checkpoint_every == 0:
            with clock.aside():
                keep()

    try:
        if measure():  # where the run was interrupted in the middle of it
            keep()
        clock.begin()
        loop.run(pause, after)
    except Interrupted:
        keep()
        raise

    progress.phase(Phase.EVALUATING)
    scores, weights = chooser.best
    loop.take(weights)
    ready.base.denoiser.eval()
    loss_last = ready.fixed_loss()
    if not math.isfinite(loss_last):
        raise TrainingError(FailureCode.LOSS_NOT_FINITE, "The training diverged at its end.")
    demand_likeness(scores, settings.likeness_floor)
    pause()

    progress.phase(Phase.PUBLISHING)
    metrics: dict[str, Scalar] = {
        "loss_first": loss_first,
        "loss_last": loss_last,
        "photos": ready.photos,
        "steps": loop.step,
        "resumed_at_step": resumed_at,
        "seconds_per_step": round(clock.seconds_per_step(), 5),
        "measuring_share": round(clock.measuring_share(), 4),
        **_scores(ready, scores),
    }
    tensors = adapter_tensors(ready.base)
    tensors |= {key: token.vectors.detach().float().cpu() for key, token in ready.tokens.items()}
    manifest = publish(folders, tensors, ready.base.description, settings, metrics)
    _log.info(
        "event=published training_id=%s size_bytes=%d step=%d score=%.4f",
        settings.training_id,
        manifest.size_bytes,
        scores.step,
        scores.score,
    )


def _resume_or_begin(settings: Hyperparameters, folders: Folders, ready: Preparation) -> float:
    """Take up the newest checkpoint, if there is one. Returns the loss before the first step."""
    state = checkpoint.newest(folders.checkpoints, ready.fingerprint)
    if state is None:
        return ready.fixed_loss()
    ready.loop.restore(state)
    ready.chooser.restore(state["chooser"])
    _log.info("event=resumed training_id=%s step=%d", settings.training_id, ready.loop.step)
    return float(state["loss_first"])


def _line_of(scores: Scores) -> str:
    return scores_line(
        scores.step, scores.identity, scores.prompt_fidelity, scores.likeness, scores.score
    )


def _scores(ready: Preparation, scores: Scores) -> dict[str, Scalar]:
    """What the manifest says of the published checkpoint (see evaluation.Scores)."""
    return {
        "measure": ready.encoder.name,
        "held_out": ready.held_out,
        "rounds": ready.chooser.rounds,
        "chosen_step": scores.step,
        "identity": scores.identity,
        "identity_base": ready.chooser.base_identity,
        "prompt_fidelity": scores.prompt_fidelity,
        "likeness": scores.likeness,
        "score": scores.score,
    }
