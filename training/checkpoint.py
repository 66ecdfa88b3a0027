"""Checkpoints: a killed run goes on as if nothing had happened.

A file is named `step-000100-<first 16 digits of its SHA-256>.ckpt` and appears by renaming, so a
name that fits its content is a whole checkpoint. SageMaker copies the folder to S3 and back.
"""

import hashlib
import io
import logging
import re
from pathlib import Path
from typing import Any

import torch

from contract.adapter import write_whole

_log = logging.getLogger(__name__)
_NAME = re.compile(r"step-(\d{6})-([0-9a-f]{16})\.ckpt")
_KEPT = 2

State = dict[str, Any]


def save(folder: Path, step: int, state: State) -> None:
    """Write one checkpoint, then remove all but the newest two."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"step-{step:06d}-{digest}.ckpt", content)
    for old in _newest_first(folder)[_KEPT:]:
        old.unlink(missing_ok=True)


def newest(folder: Path, fingerprint: str) -> State | None:
    """The newest whole checkpoint of a run with the same settings and inputs, or None."""
    for path in _newest_first(folder):
        content = path.read_bytes()
        match = _NAME.fullmatch(path.name)
        if match is None or hashlib.sha256(content).hexdigest()[:16] != match[2]:
            _log.warning("event=checkpoint_damaged name=%s", path.name)
            continue
        state: State = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if state.get("fingerprint") == fingerprint:
            return state
        _log.warning("event=checkpoint_of_another_run name=%s", path.name)
    return None


def _newest_first(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("step-*.ckpt") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.name, reverse=True)
