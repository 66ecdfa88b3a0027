"""A start by phase: what a wake-up spends inside the container, once the weights are on its disk.

A process of its own for each turn. `compiled` finds bytecode beside the vendored libraries and our
code, as on a laptop or after a restart; `unpacked` has their sources only, as the archive brings
them to a fresh instance.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.serving.served import WORK, folder_of
from benchmarks.training.watched import ROOT

# What the endpoint's archive holds: infra/requirements-container.txt and our two packages.
_VENDORED = ("diffusers", "peft", "accelerate")
_OURS = ("inference", "contract")
PHASES = ("interpreter", "torch", "libraries", "base", "first image", "second image")

_PROGRAM = """
import json, sys, time
marks = [("interpreter", time.time())]
import torch
marks.append(("torch", time.time()))
import inference.handler
marks.append(("libraries", time.time()))
sys.path.append(sys.argv[1])
from benchmarks.serving.served import Objects, request_for, server_of
from inference.base import load_base
from inference.settings import Precision
from pathlib import Path
began = time.time()
base = load_base(Path(sys.argv[2]), sys.argv[3], Precision.FP32, torch.device("cpu"))
server = server_of(base, Objects(), "startup")
marks.append(("base", marks[-1][1] + time.time() - began))
for name in ("first image", "second image"):
    since = time.time()
    server.answer(request_for(base, None, steps=4, side=128).to_json())
    marks.append((name, marks[-1][1] + time.time() - since))
print(json.dumps([marks, len(sys.modules)]))
"""


def measure(variant: str, turns: int) -> dict[str, Any]:
    """Seconds of each phase in each turn."""
    folder, description = folder_of("miniature")
    seconds: dict[str, list[float]] = {phase: [] for phase in PHASES}
    modules = 0
    for turn in range(turns):
        code = _unpacked() if variant == "unpacked" else None
        environment = {**os.environ, "PYTHONPATH": str(code or ROOT)}
        began = time.time()
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(ROOT), str(folder), description.id],
            cwd=WORK,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        marks, modules = json.loads(done.stdout.strip().splitlines()[-1])
        if turn == 0 and variant == "compiled":
            continue  # it may have compiled what was not, and read what was not in memory
        for name, moment in marks:
            seconds[name].append(round(moment - began, 3))
            began = moment
    return {"variant": variant, "modules": modules, "seconds": seconds}


def _unpacked() -> Path:
    """The archive's content without any bytecode, made anew."""
    target = WORK / "unpacked"
    shutil.rmtree(target, ignore_errors=True)
    for name in (*_VENDORED, *_OURS):
        found = find_spec(name)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(name)
        shutil.copytree(
            Path(found.origin).parent, target / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return target
