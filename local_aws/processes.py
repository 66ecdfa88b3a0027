"""Every training and serving process of this instance: started here, and none left behind.

Each process leads its own process group and leaves a note in the run folder, so that `down` and
the next `up` find and end it even when the server itself was killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from local_aws.settings import current


@dataclass(frozen=True)
class Running:
    """A process that runs for this instance."""

    kind: str  # "training", "serving" or "drawing"
    name: str
    pid: int
    born: str  # start time as `ps` prints it: tells a recycled pid from ours


def birth(pid: int) -> str:
    """When the process started, as text; empty if there is none (or only a zombie)."""
    found = subprocess.run(  # noqa: S603 - fixed command
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - POSIX tool, from PATH
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    state, _, started = found.partition(" ")
    return "" if not state or state.startswith("Z") else " ".join(started.split())


def _notes(run_dir: Path) -> Path:
    return run_dir / "processes"


class Processes:
    """Starts, lists and ends the instance's processes. Thread-safe."""

    def __init__(self, run_dir: Path) -> None:
        self._folder = _notes(run_dir)
        self._lock = threading.Lock()
        self._running: dict[int, tuple[Running, subprocess.Popen[bytes]]] = {}

    def start(
        self,
        kind: str,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        output: int | IO[Any] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a process in its own group, stdout and stderr joined into `output`."""
        process = subprocess.Popen(  # noqa: S603 - the caller's own command
            list(command),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            start_new_session=True,
        )
        entry = Running(kind, name, process.pid, birth(process.pid))
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{process.pid}.json").write_text(json.dumps(asdict(entry)))
        with self._lock:
            self._running[process.pid] = (entry, process)
        return process

    def list(self) -> list[Running]:
        """The processes that are still alive."""
        with self._lock:
            entries = list(self._running.values())
        alive = []
        for entry, process in entries:
            if process.poll() is None:
                alive.append(entry)
            else:
                self._forget(process.pid)
        return alive

    def stop(self, process: subprocess.Popen[bytes], grace: float = 10.0) -> int:
        """SIGTERM, then SIGKILL to the whole group after `grace` seconds; the exit status."""
        _signal_group(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _signal_group(process.pid, signal.SIGKILL)  # whatever it started itself
        status = process.wait()
        self._forget(process.pid)
        return status

    def stop_all(self, grace: float = 5.0) -> None:
        """End every process, paying the grace period once."""
        with self._lock:
            processes = [process for _, process in self._running.values()]
        for process in processes:
            _signal_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace
        for process in processes:
            self.stop(process, max(0.0, deadline - time.monotonic()))

    def _forget(self, pid: int) -> None:
        with self._lock:
            self._running.pop(pid, None)
        (self._folder / f"{pid}.json").unlink(missing_ok=True)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def end_leftovers(run_dir: Path) -> list[Running]:
    """Kill what a crashed instance left running; returns what was found alive."""
    found = []
    for note in sorted(_notes(run_dir).glob("*.json")):
        try:
            entry = Running(**json.loads(note.read_text()))
        except (ValueError, TypeError):
            note.unlink(missing_ok=True)
            continue
        if entry.born and birth(entry.pid) == entry.born:
            _signal_group(entry.pid, signal.SIGKILL)
            found.append(entry)
        note.unlink(missing_ok=True)
    return found


_instance: Processes | None = None
_instance_lock = threading.Lock()


def registry() -> Processes:
    """The process registry of the instance that this process is."""
    global _instance
    with _instance_lock:
        if _instance is None:
            _instance = Processes(current().run_dir)
        return _instance
