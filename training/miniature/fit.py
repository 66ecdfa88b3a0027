"""One loop for all stages: budget, schedule, EMA, checkpoints that resume, a progress log."""

import contextlib
import json
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import nn

_M = TypeVar("_M", bound=nn.Module)

_log = logging.getLogger(__name__)

_WARM_UP = 100
_FLOOR = 0.04  # last learning rate over the highest
_SAVE_SECONDS = 120.0


class Stage(Protocol):
    """What a training stage brings: its module, and the loss of one numbered step."""

    @property
    def module(self) -> nn.Module:
        """What is trained."""
        ...

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """The loss of the batch of `step`, a new one also after resuming, and numbers to log."""
        ...


@dataclass(frozen=True)
class FitSettings:
    """`minutes` or `steps` bound this run (the first one reached); the schedule spans the run."""

    learning_rate: float
    minutes: float | None = None
    steps: int | None = None
    weight_decay: float = 0.01
    ema_decay: float = 0.999
    device: str = "cpu"
    bf16: bool = True
    log_every: int = 25


class Ema:
    """A moving average of parameters, warmed up so that a short run is not held by its start."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.shadow = [p.detach().clone() for p in module.parameters()]

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move towards the module's present parameters."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.shadow, [p.detach() for p in module.parameters()], 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Replace the module's parameters by the average."""
        for parameter, shadow in zip(module.parameters(), self.shadow, strict=True):
            parameter.copy_(shadow)


def new_optimiser(module: nn.Module, weight_decay: float = 0.01) -> torch.optim.Optimizer:
    """AdamW over all parameters; the loop sets the learning rate at every step."""
    return torch.optim.AdamW(module.parameters(), betas=(0.9, 0.99), weight_decay=weight_decay)


class Budget:
    """How much of a run is over, by time or steps."""

    def __init__(self, settings: FitSettings) -> None:
        if settings.minutes is None and settings.steps is None:
            raise ValueError("give minutes or steps")
        self._settings = settings
        self._began = time.monotonic()

    def spent(self, steps: int) -> float:
        """0 at the start, ≥ 1 when the run should end."""
        parts = [0.0]
        if self._settings.minutes is not None:
            parts.append((time.monotonic() - self._began) / 60 / max(self._settings.minutes, 1e-9))
        if self._settings.steps is not None:
            parts.append(steps / max(self._settings.steps, 1))
        return max(parts)


def autocast(settings: FitSettings) -> contextlib.AbstractContextManager[Any]:
    """bfloat16 where asked for: also on CPUs with AMX, several times faster than float32."""
    if not settings.bf16:
        return contextlib.nullcontext()
    return torch.autocast(torch.device(settings.device).type, dtype=torch.bfloat16)


def fit(stage: Stage, settings: FitSettings, checkpoint: Path) -> nn.Module:
    """Train until the budget is spent; returns the stage's module with its averaged parameters.

    Resumes from `checkpoint` if it exists; writes it every two minutes, at the end, and when
    interrupted. One JSON line per interval goes to a file beside it. Raises FloatingPointError when
    the loss is no number; the checkpoint is then the last good one.
    """
    module = stage.module
    optimiser = new_optimiser(module, settings.weight_decay)
    ema = Ema(module, settings.ema_decay)
    step = _resume(checkpoint, module, optimiser, ema)
    budget, first, saved = Budget(settings), step, time.monotonic()
    module.train()
    try:
        with _journal(checkpoint.with_suffix(".jsonl")) as journal:
            began = time.monotonic()
            while (spent := budget.spent(step - first)) < 1:
                rate = settings.learning_rate * _schedule(spent, step - first)
                loss, norm, numbers = _update(stage, optimiser, settings, step, rate)
                step += 1
                ema.update(module, step)
                if step % settings.log_every == 0:
                    pace = (time.monotonic() - began) / settings.log_every
                    journal({"step": step, "spent": round(spent, 4), "loss": _finite(loss, step),
                             "norm": round(float(norm), 4), "rate": round(rate, 8),
                             "seconds": round(pace, 4), **numbers})  # fmt: skip
                    began = time.monotonic()
                if time.monotonic() - saved > _SAVE_SECONDS:
                    save_checkpoint(checkpoint, module, optimiser, ema, step)
                    saved = time.monotonic()
    except KeyboardInterrupt:
        save_checkpoint(checkpoint, module, optimiser, ema, step)
        raise
    save_checkpoint(checkpoint, module, optimiser, ema, step)
    ema.copy_to(module)
    return module.eval()


def _update(
    stage: Stage, optimiser: torch.optim.Optimizer, settings: FitSettings, step: int, rate: float
) -> tuple[torch.Tensor, torch.Tensor, dict[str, float]]:
    """One step of the optimiser; returns loss, gradient norm and the stage's numbers."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    with autocast(settings):
        loss, numbers = stage.loss(step)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(stage.module.parameters(), 1.0)
    optimiser.step()
    return loss.detach(), norm, numbers


def _finite(loss: torch.Tensor, step: int) -> float:
    value = float(loss)
    if not math.isfinite(value):
        raise FloatingPointError(f"the loss is {value} at step {step}; resume with a lower rate")
    return round(value, 5)


def _schedule(spent: float, step: int) -> float:
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, spent)))
    return min(1.0, (step + 1) / _WARM_UP) * (_FLOOR + (1 - _FLOOR) * cosine)


@contextlib.contextmanager
def _journal(path: Path) -> Iterator[Callable[[dict[str, float]], None]]:
    """Appends one JSON line per call."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:

        def write(line: dict[str, float]) -> None:
            file.write(json.dumps(line) + "\n")
            file.flush()
            _log.info("%s", line)

        yield write


def save_checkpoint(
    path: Path, module: nn.Module, optimiser: torch.optim.Optimizer, ema: Ema, step: int
) -> None:
    """Write the state that `fit` resumes from, whole or not at all."""
    fresh = path.with_suffix(".new")
    torch.save(
        {
            "module": module.state_dict(),
            "optimiser": optimiser.state_dict(),
            "ema": ema.shadow,
            "step": step,
        },
        fresh,
    )
    fresh.replace(path)


def _resume(path: Path, module: nn.Module, optimiser: torch.optim.Optimizer, ema: Ema) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    module.load_state_dict(state["module"])
    optimiser.load_state_dict(state["optimiser"])
    for shadow, kept in zip(ema.shadow, state["ema"], strict=True):
        shadow.copy_(kept)
    _log.info("resumed at step %d", state["step"])
    return int(state["step"])


def channels_last(module: _M) -> _M:
    """The layout in which convolutions are fastest, on CPUs and GPUs."""
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def steps_of(checkpoint: Path) -> int:
    """How many steps a checkpoint has behind it."""
    return int(torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)["step"])


def averaged(checkpoint: Path, module: _M) -> _M:
    """The module with the averaged parameters of a checkpoint, without training on."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    module.load_state_dict(state["module"])
    ema = Ema(module, 0.0)
    ema.shadow = state["ema"]
    ema.copy_to(module)
    return module.eval()
