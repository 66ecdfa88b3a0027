"""Weights from a cold disk while the libraries are imported, or only afterwards, in turn.

Two gigabytes, as a half-precision base of the SD 1.5 class has: the miniature's 60 MB say nothing
about a disk. They are taken out of the page cache before each turn, and copied once, as they are
on their way to a GPU.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from benchmarks.serving.cold import forget
from benchmarks.serving.served import WORK
from benchmarks.training.watched import ROOT

_TENSORS, _VALUES = 40, 25_000_000

_PROGRAM = """
import sys, time
began = time.monotonic()
from pathlib import Path
folder = Path(sys.argv[1])
if sys.argv[2] == "ahead":
    from inference.reading_ahead import read_ahead
    read_ahead(folder)
import inference.server
imported = time.monotonic()
from safetensors.torch import load_file
for tensor in load_file(folder / "model.safetensors").values():
    tensor.clone()
print(imported - began, time.monotonic() - imported)
"""


def measure(variant: str, turns: int) -> dict[str, Any]:
    """Seconds of importing and of loading, of each side in each turn."""
    folder = WORK / "weights"
    weights = _weights(folder)
    sides: dict[str, dict[str, list[float]]] = {
        side: {"importing": [], "loading": []} for side in ("ahead", "afterwards")
    }
    for turn in range(-1, turns):
        for side, taken in sides.items():
            forget(folder)
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, str(folder), side],
                cwd=ROOT, capture_output=True, text=True, check=True,
            )  # fmt: skip
            if turn < 0:
                continue  # it may have read libraries that were not in memory
            for phase, seconds in zip(taken, done.stdout.split(), strict=True):
                taken[phase].append(round(float(seconds), 3))
    size = weights.stat().st_size
    weights.unlink()
    return {"variant": variant, "bytes": size, "seconds": sides}


def _weights(folder: Path) -> Path:
    """Random numbers on the disk itself: nothing that a file system would leave out."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "model.safetensors"
    generator = torch.Generator().manual_seed(1)
    one = torch.randn(_VALUES, generator=generator).to(torch.bfloat16)
    save_file({f"weight{number}": one + number for number in range(_TENSORS)}, file)
    return file
