"""One program in a process of its own, and what it takes: seconds, steps, memory.

`python -m benchmarks.training.watched NOTE PROGRAM …` runs a script (a path) or a module (-m NAME)
as Python would. Neither side is changed to be measured: torch tells of every optimizer's step, the
kernel of the most memory held.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import resource
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from contract.adapter import write_whole

ROOT = Path(__file__).parents[2]
_MIB = 1 << 20
# What the operating system counts ru_maxrss in: getrusage(2) and its macOS page.
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1 << 10
# proc_pid_clear_refs(5): 5 resets the peak resident set size.
_CLEAR_REFS, _RESET_PEAK = Path("/proc/self/clear_refs"), "5"
_WARM_UP = 3  # steps that still allocate and choose kernels


class ProgramError(Exception):
    """A program ended with an error; the message ends with what it wrote last."""


@dataclass(frozen=True)
class Watched:
    """What one run took, from start to end of its process. `steps` are the moments of its steps,
    in seconds after its start.

    `peak_mib` is the most memory the process held, `training_mib` the most between its first and
    last step; where the kernel cannot tell the latter, it is the former.
    """

    seconds: float
    steps: tuple[float, ...]
    peak_mib: float
    training_mib: float

    @property
    def seconds_per_step(self) -> float:
        """Between steps, from the fourth on; 0 where there are too few."""
        moments = self.steps[_WARM_UP:]
        return (moments[-1] - moments[0]) / (len(moments) - 1) if len(moments) > 1 else 0.0

    @classmethod
    def from_json(cls, text: str) -> Watched:
        """Read what `main` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "steps": tuple(fields["steps"])})


def watch(program: Sequence[str], folder: Path, threads: int, packages: Sequence[Path]) -> Watched:
    """Run it with so many threads; its output goes to `folder`. Raises ProgramError.

    `packages` are folders with further packages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note, log = folder / "note.json", folder / "output.txt"
    note.unlink(missing_ok=True)
    path = os.pathsep.join(str(place) for place in (ROOT, *packages))
    count = str(threads)
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    command = [sys.executable, "-m", "benchmarks.training.watched", str(note), *program]
    began = time.perf_counter()
    with log.open("w", encoding="utf-8") as output:
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False
        )
    seconds = round(time.perf_counter() - began, 3)  # with the interpreter's own start
    if ended.returncode or not note.exists():
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
        raise ProgramError(f"{program[0]} ended with {ended.returncode}:\n" + "\n".join(said))
    return replace(Watched.from_json(note.read_text(encoding="utf-8")), seconds=seconds)


class _Steps:
    """Notes the moment of every step, and resets the kernel's peak at the first."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.before = self.during = 0

    def __call__(self, *_: object) -> None:
        if not self.moments:
            self.before = peak_bytes()
            if _CLEAR_REFS.exists():
                _CLEAR_REFS.write_text(_RESET_PEAK, encoding="ascii")
        else:
            self.during = peak_bytes()
        self.moments.append(time.perf_counter())


def peak_bytes() -> int:
    """The most memory that this process held at once, since the kernel's count was reset."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES


def main(note: Path, program: Sequence[str]) -> int:
    """Run the program here; returns its exit status."""
    began = time.perf_counter()
    from torch.optim.optimizer import register_optimizer_step_post_hook

    _declare_operators()
    steps = _Steps()
    register_optimizer_step_post_hook(steps)
    status = _status_of(lambda: _run(program))
    taken = {
        "seconds": round(time.perf_counter() - began, 3),
        "steps": [round(moment - began, 4) for moment in steps.moments],
        "peak_mib": round(max(steps.before, steps.during, peak_bytes()) / _MIB, 1),
        "training_mib": round((steps.during or peak_bytes()) / _MIB, 1),
    }
    write_whole(note, json.dumps(taken))
    return status


def _run(program: Sequence[str]) -> None:
    is_module = program[0] == "-m"
    sys.argv = list(program[1:] if is_module else program)
    if is_module:
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(program[0]).parent))
        runpy.run_path(program[0], run_name="__main__")


def _status_of(run: Callable[[], None]) -> int:
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _declare_operators() -> None:
    """Let torchvision be imported beside a torch without CUDA.

    Its wheels for Linux are built for CUDA; beside another torch their compiled part stays away,
    and torchvision's own import then misses two operators. What scripts here use of it, its
    transforms of pictures, does without them.
    """
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return
    import torch

    try:
        for library in Path(found.origin).parent.glob("_C*.so"):
            ctypes.CDLL(str(library))
    except OSError:
        form = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", form)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
