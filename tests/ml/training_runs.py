"""Starting the training job as its container does: a process with folders and variables."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from contract.adapter import ADAPTER_FILE, MANIFEST_FILE, AdapterManifest
from contract.base_model import BaseModel

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


def hyperparameters(base: Path, **changes: object) -> dict[str, str]:
    settings: dict[str, object] = {
        "training_id": f"trn_{ULID}",
        "subject_id": f"sub_{ULID}",
        "kind": "person",
        "class_noun": "person",
        "base_model_id": BaseModel.from_json((base / "base.json").read_bytes()).id,
        "max_steps": 4,
        "rank": 4,
        "learning_rate": 0.002,
        "token_learning_rate": 0.005,
        "resolution": 64,
        "batch_size": 4,
        "checkpoint_every": 100,
    }
    return {name: str(value) for name, value in (settings | changes).items()}


def start(base: Path, photos: Path, folder: Path, **changes: object) -> "subprocess.Popen[str]":
    """The process, started as script mode does: `python -m training.train --name value …`."""
    arguments = [
        word
        for name, value in hyperparameters(base, **changes).items()
        for word in (f"--{name}", value)
    ]
    environment = {
        **os.environ,
        "SM_CHANNEL_PHOTOS": str(photos),
        "SM_CHANNEL_MODEL": str(base),
        "SM_MODEL_DIR": str(folder / "model"),
        "SM_OUTPUT_DIR": str(folder / "output"),
        "SM_CHECKPOINT_DIR": str(folder / "checkpoints"),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "training.train", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def train(base: Path, photos: Path, folder: Path, **changes: object) -> Run:
    process = start(base, photos, folder, **changes)
    _, stderr = process.communicate(timeout=300)
    return Run(folder, process.returncode, stderr)
