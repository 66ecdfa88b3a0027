"""A function's code is unpacked once, and its workers share it, read-only by agreement.

The emulator unpacks it for every worker: a thousand small files each time, at every cold start and
again when they are deleted. In AWS an execution environment finds its code unpacked as well.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import types
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

_lock = threading.Lock()


class _SharedZipFile(zipfile.ZipFile):
    """`extractall` into an empty folder named `code` leaves a link to the one copy."""

    def extractall(self, path: Any = None, *arguments: Any, **options: Any) -> None:
        target = Path(path or ".")
        if target.name != "code" or self.filename is None or any(target.iterdir()):
            super().extractall(path, *arguments, **options)
            return
        digest = hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
        shared = Path(tempfile.gettempdir()) / f"lambda-code-{digest[:32]}"
        with _lock:
            if not shared.exists():
                unpacked = Path(tempfile.mkdtemp(prefix="lambda-code-"))
                super().extractall(unpacked)
                unpacked.rename(shared)
        target.rmdir()
        target.symlink_to(shared, target_is_directory=True)


def install() -> None:
    """Let the emulator's runtime, and nothing else of it, unpack this way."""
    shared = types.ModuleType("zipfile")
    shared.__dict__.update(zipfile.__dict__)
    shared.ZipFile = _SharedZipFile  # type: ignore[attr-defined]
    lambda_runtime.zipfile = shared
