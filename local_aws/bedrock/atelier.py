"""The process that draws: started by the first call, gone when nobody asks any more."""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Client, Connection
from pathlib import Path

from local_aws import processes
from local_aws.bedrock.calls import Call
from local_aws.sagemaker.process import GroupProcess, ProcessLauncher
from local_aws.settings import CHECKOUT, HOST

logger = logging.getLogger("local_aws")

_DRAWING = Path(__file__).with_name("drawing.py")
_IDLE_SECONDS = 120.0
_START_SECONDS = 120.0
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "OMP_NUM_THREADS")


class NotDrawn(Exception):  # noqa: N818 - a fact
    """The process could not be started, or ended in the middle."""


class Atelier:
    """One drawer at a time; calls wait for each other. Thread-safe."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._lock = threading.Lock()
        self._launcher: ProcessLauncher | None = None
        self._process: GroupProcess | None = None
        self._connection: Connection | None = None

    def draw_with(self, base: Path) -> None:
        """Have another base model draw from now on."""
        with self._lock:
            self._close()
            self._base = base

    def draw(self, call: Call) -> bytes:
        """A PNG of the call's size; raises NotDrawn."""
        message = {
            "prompt": call.prompt,
            "negative_prompt": call.negative_prompt,
            "size": call.size,
            "seed": call.seed,
        }
        with self._lock:
            try:
                connection = self._open()
                connection.send_bytes(json.dumps(message).encode())
                image = connection.recv_bytes()
            except (OSError, EOFError) as error:
                self._close()
                raise NotDrawn from error
        if not image:
            raise NotDrawn
        return image

    def _open(self) -> Connection:
        if self._connection is not None and self._process and self._process.poll() is None:
            return self._connection
        self._close()
        self._launcher = self._launcher or ProcessLauncher(processes.registry())
        key = secrets.token_bytes(32)
        with tempfile.TemporaryDirectory() as folder:
            port_file = Path(folder) / "port"
            arguments = [str(self._base), str(port_file), str(_IDLE_SECONDS)]
            passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            self._process = self._launcher.launch(
                "drawing",
                "bedrock",
                [sys.executable, "-P", str(_DRAWING), *arguments],
                env={
                    **passed_on,
                    "PYTHONPATH": str(CHECKOUT),
                    "HF_HUB_OFFLINE": "1",
                    "DRAWING_KEY": key.hex(),
                },
                cwd=CHECKOUT,
                sink=_log,
            )
            port = _port(self._process, port_file)
        self._connection = Client((HOST, port), authkey=key)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
        self._connection = self._process = None


def _log(lines: Sequence[str]) -> None:
    for line in lines:
        logger.info("drawing: %s", line)


def _port(process: GroupProcess, port_file: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if port_file.exists():
            return int(port_file.read_text())
        time.sleep(0.05)
    raise NotDrawn
