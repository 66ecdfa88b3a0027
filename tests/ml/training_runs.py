"""Starting the training job as its container does: arguments, folders and variables."""

import contextlib
import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import torch

from contract.adapter import ADAPTER_FILE, MANIFEST_FILE, AdapterManifest
from contract.base_model import BaseModel
from training.train import main

# Processes come of one that has imported everything once, which takes longer than a tiny training.
_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.ml.training_runs", "training.job"])
ROOT = Path(__file__).parents[2]
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@dataclass(frozen=True)
class Run:
    """A run's folders and how it ended."""

    folder: Path
    code: int
    stderr: str

    @property
    def artifacts(self) -> Path:
        return self.folder / "model"

    @property
    def adapter(self) -> Path:
        return self.artifacts / ADAPTER_FILE

    @property
    def manifest(self) -> AdapterManifest:
        return AdapterManifest.from_json((self.artifacts / MANIFEST_FILE).read_bytes())

    @property
    def failure(self) -> str:
        return (self.folder / "output" / "failure").read_text()

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"


def hyperparameters(base: Path, changes: dict[str, object]) -> dict[str, str]:
    settings: dict[str, object] = {
        "training_id": f"trn_{ULID}",
        "subject_id": f"sub_{ULID}",
        "kind": "person",
        "class_noun": "person",
        "base_model_id": BaseModel.from_json((base / "base.json").read_bytes()).id,
        "max_steps": 4,
        "rank": 4,
        "learning_rate": 0.003,
        "resolution": 64,
        "batch_size": 4,
        "checkpoint_every": 100,
    }
    return {name: str(value) for name, value in (settings | changes).items()}


def train(base: Path, photos: Path, folder: Path, **changes: object) -> Run:
    """A whole run in this process: importing torch anew takes longer than a tiny training."""
    terminating = signal.getsignal(signal.SIGTERM)
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            code = main(_arguments(base, changes), _environment(base, photos, folder))
    finally:
        signal.signal(signal.SIGTERM, terminating)
    return Run(folder, code, stderr.getvalue())


class Started:
    """A run as a process of its own, to be stopped in the middle."""

    def __init__(self, folder: Path, arguments: list[str], environment: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._process = _FORKING.Process(
            target=_run, args=(arguments, environment, self._stderr), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        os.kill(self.pid, number)

    def end(self, seconds: float = 120) -> Run:
        """How it ended, once it has."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, f"it still runs after {seconds} s"
        return Run(self._folder, self._process.exitcode, self._stderr.read_text())

    @property
    def _stderr(self) -> Path:
        return self._folder / "stderr.txt"


def start(base: Path, photos: Path, folder: Path, **changes: object) -> Started:
    """A run as a process of its own."""
    return Started(folder, _arguments(base, changes), _environment(base, photos, folder))


def _run(arguments: list[str], environment: dict[str, str], stderr: Path) -> NoReturn:
    torch.set_num_threads(1)
    with stderr.open("w") as out, contextlib.redirect_stderr(out):
        code = main(arguments, environment)
    sys.exit(code)


def train_from_bundle(base: Path, photos: Path, folder: Path, **changes: object) -> Run:
    """As in the container: train.py beside its package, the arguments through a shell."""
    code = folder / "code"
    for package in ("training", "contract"):
        shutil.copytree(ROOT / package, code / package)
    shutil.copy(ROOT / "training" / "train.py", code / "train.py")
    words = [sys.executable, "train.py", *_arguments(base, changes)]
    process = subprocess.Popen(
        " ".join(words),
        shell=True,  # as the containers' toolkit does it, quoting nothing
        cwd=code,
        env={**os.environ, **_environment(base, photos, folder), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, stderr = process.communicate(timeout=300)
    return Run(folder, process.returncode, stderr)


def _arguments(base: Path, changes: dict[str, object]) -> list[str]:
    settings = hyperparameters(base, changes)
    return [word for name, value in settings.items() for word in (f"--{name}", value)]


def _environment(base: Path, photos: Path, folder: Path) -> dict[str, str]:
    return {
        "SM_CHANNEL_PHOTOS": str(photos),
        "SM_CHANNEL_MODEL": str(base),
        "SM_CHANNEL_PRIOR": str(folder / "prior"),
        "SM_MODEL_DIR": str(folder / "model"),
        "SM_OUTPUT_DIR": str(folder / "output"),
        "SM_CHECKPOINT_DIR": str(folder / "checkpoints"),
    }
