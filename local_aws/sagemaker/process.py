"""Processes that end with the server: own groups, logs pumped, all of them known.

Linux kills a child whose *parent thread* ends (PR_SET_PDEATHSIG), so one thread that lives as
long as the server starts them all.
"""

from __future__ import annotations

import collections
import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from local_aws.sagemaker.ports import LineSink

_SHIM = Path(__file__).with_name("die_with_parent.py")
_TAIL_LINES = 60
_FLUSH_SECONDS = 0.3
_FLUSH_LINES = 200


@dataclass(frozen=True)
class ProcessInfo:
    """One running process, as `/_local/processes` shows it."""

    kind: str
    name: str
    pid: int


class GroupProcess:
    """A started process that leads its own process group."""

    def __init__(self, popen: subprocess.Popen[str], sink: LineSink) -> None:
        self._popen = popen
        self._tail: collections.deque[str] = collections.deque(maxlen=_TAIL_LINES)
        self._pump = threading.Thread(
            target=self._read, args=(sink,), name=f"logs-{popen.pid}", daemon=True
        )
        self._pump.start()

    @property
    def pid(self) -> int:
        """Process id, also of its process group."""
        return self._popen.pid

    def poll(self) -> int | None:
        """Exit code (negative: the signal that ended it), None while it runs."""
        return self._popen.poll()

    def wait(self, seconds: float) -> int | None:
        """As `poll`, after waiting at most so long."""
        try:
            code = self._popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        self._pump.join(timeout=2)
        return code

    def terminate(self) -> None:
        """SIGTERM to the process: it may tidy up."""
        if self._popen.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the whole group, and reap."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait(5)

    def tail(self) -> list[str]:
        """The last lines that it wrote."""
        return list(self._tail)

    def _read(self, sink: LineSink) -> None:
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_flush, args=(lines, sink), daemon=True).start()
        stream = self._popen.stdout
        assert stream is not None  # noqa: S101 - opened as a pipe by the launcher
        for line in stream:
            self._tail.append(line.rstrip("\n"))
            lines.put(line.rstrip("\n"))
        lines.put(None)
        stream.close()


def _flush(lines: queue.Queue[str | None], sink: LineSink) -> None:
    """Hand lines over in batches: one log call per burst instead of one per line."""
    done = False
    while not done:
        first = lines.get()
        if first is None:
            return
        batch, deadline = [first], time.monotonic() + _FLUSH_SECONDS
        while len(batch) < _FLUSH_LINES:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if line is None:
                done = True
                break
            batch.append(line)
        with contextlib.suppress(Exception):  # a lost log line must not stop the pump
            sink(batch)


class ProcessLauncher:
    """Starts processes from its one long-lived thread, and ends all of them on `close`."""

    def __init__(self) -> None:
        self._orders: queue.Queue[tuple[Callable[[], object], Future[object]] | None]
        self._orders = queue.Queue()
        self._running: dict[int, tuple[ProcessInfo, GroupProcess]] = {}
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._serve, name="process-launcher", daemon=True).start()

    def _serve(self) -> None:
        while (order := self._orders.get()) is not None:
            call, future = order
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - belongs to whoever gave the order
                future.set_exception(error)

    def launch(
        self,
        kind: str,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        sink: LineSink,
    ) -> GroupProcess:
        """Start `argv` in a group of its own; raises OSError when that fails."""
        command = [sys.executable, "-I", "-S", str(_SHIM), str(os.getpid()), *argv]

        def start() -> subprocess.Popen[str]:
            return subprocess.Popen(  # noqa: S603 - the very purpose: the customer's code
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )

        if self._closed:
            message = "the server is shutting down"
            raise OSError(message)
        future: Future[object] = Future()
        self._orders.put((start, future))
        popen = future.result()
        assert isinstance(popen, subprocess.Popen)  # noqa: S101 - for the type checker
        process = GroupProcess(popen, sink)
        with self._lock:
            self._running[process.pid] = (ProcessInfo(kind, name, process.pid), process)
        return process

    def processes(self) -> list[ProcessInfo]:
        """What runs now."""
        with self._lock:
            for pid in [p for p, (_, child) in self._running.items() if child.poll() is not None]:
                del self._running[pid]
            return [info for info, _ in self._running.values()]

    def close(self, grace_seconds: float = 1.0) -> None:
        """End everything: SIGTERM, a short grace, SIGKILL to the groups. No launch after it."""
        self._closed = True
        with self._lock:
            children = [child for _, child in self._running.values()]
        for child in children:
            child.terminate()
        deadline = time.monotonic() + grace_seconds
        for child in children:
            child.wait(max(0.0, deadline - time.monotonic()))
            child.kill()
