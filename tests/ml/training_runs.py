"""Starting the training job as its container does: arguments, folders and variables."""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from contract.adapter import ADAPTER_FILE, MANIFEST_FILE, AdapterManifest
from contract.base_model import BaseModel
from training.train import main

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


def start(base: Path, photos: Path, folder: Path, **changes: object) -> "subprocess.Popen[str]":
    """A run as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "training.train", *_arguments(base, changes)],
        cwd=ROOT,
        env={**os.environ, **_environment(base, photos, folder), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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
