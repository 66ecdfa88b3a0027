"""A start by phase: what a wake-up spends inside the container, once the weights are on its disk.

A process of its own for each turn, with the code as the endpoint's archive brings it: `compiled`
with the bytecode that bundling adds, `unpacked` with sources only. The weights are taken out of the
page cache before each turn.
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

from benchmarks.serving.cold import forget
from benchmarks.serving.served import WORK, folder_of
from benchmarks.training.watched import ROOT
from infra.bytecode import compile_all

# What the endpoint's archive holds: infra/requirements-container.txt and our two packages.
_VENDORED = ("diffusers", "peft", "accelerate")
_OURS = ("inference", "contract")
PHASES = ("interpreter", "torch", "libraries", "base", "first image", "second image")

# The order of inference.handler, with a mark after each phase: its end on the clock and what the
# processor has spent. `spent` leaves out what only the measuring needs.
_PROGRAM = """
import json, sys, time
marks = []
spent = [time.time(), time.process_time()]
def mark(name):
    marks.append((name, spent[0], spent[1]))
def go_on(since):
    spent[0] += time.time() - since[0]
    spent[1] += time.process_time() - since[1]
def now():
    return time.time(), time.process_time()
mark("interpreter")
since = now()
from pathlib import Path
folder = Path(sys.argv[2])
from inference.reading_ahead import read_ahead
read_ahead(folder)
import torch
go_on(since); mark("torch")
since = now()
import inference.server
go_on(since); mark("libraries")
sys.path.append(sys.argv[1])
from benchmarks.serving.served import Objects, request_for, server_of
from inference.base import load_base
from inference.settings import Precision
since = now()
base = load_base(folder, sys.argv[3], Precision.FP32, torch.device("cpu"))
server = server_of(base, Objects(), "startup")
go_on(since); mark("base")
for name in ("first image", "second image"):
    since = now()
    server.answer(request_for(base, None, steps=4, side=128).to_json())
    go_on(since); mark(name)
print(json.dumps([marks, len(sys.modules)]))
"""


def measure(variant: str, turns: int) -> dict[str, Any]:
    """Seconds of each phase in each turn, on the clock and of the processor."""
    folder, description = folder_of("miniature")
    code = _archived(with_bytecode=variant != "unpacked")
    # No bytecode is written: each turn finds what a fresh instance would.
    command = [sys.executable, "-B", "-c", _PROGRAM, str(ROOT), str(folder), description.id]
    environment = {**os.environ, "PYTHONPATH": str(code)}
    seconds: dict[str, list[float]] = {phase: [] for phase in PHASES}
    cpu: dict[str, list[float]] = {phase: [] for phase in PHASES}
    modules = 0
    for turn in range(-1, turns):
        forget(folder)
        began, processor = time.time(), 0.0
        done = subprocess.run(
            command, cwd=WORK, env=environment, capture_output=True, text=True, check=True
        )
        if turn < 0:
            continue  # it may have read what was not in memory
        marks, modules = json.loads(done.stdout.strip().splitlines()[-1])
        for name, moment, spent in marks:
            seconds[name].append(round(moment - began, 3))
            cpu[name].append(round(spent - processor, 3))
            began, processor = moment, spent
    return {"variant": variant, "modules": modules, "seconds": seconds, "cpu": cpu}


def _archived(*, with_bytecode: bool) -> Path:
    """The archive's content, made anew."""
    target = WORK / "unpacked"
    shutil.rmtree(target, ignore_errors=True)
    for name in (*_VENDORED, *_OURS):
        found = find_spec(name)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(name)
        shutil.copytree(
            Path(found.origin).parent, target / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    if with_bytecode:
        compile_all(target, sys.executable)
    return target
