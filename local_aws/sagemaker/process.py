"""Processes that end with the server: own groups, logs pumped, all of them registered.

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
from pathlib import Path

from local_aws.processes import Processes
from local_aws.sagemaker.ports import LineSink

_SHIM = Path(__file__).with_name("die_with_parent.py")
_TAIL_LINES = 60
_FLUSH_SECONDS = 0.3
_FLUSH_LINES = 200
# Half the cores: threads that wait for each other spin, and everything else runs here too.
_THREADS = max(1, (os.cpu_count() or 1) // 2)


_Popen = subprocess.Popen[bytes]


class GroupProcess:
    """A started process that leads its own process group."""

    def __init__(self, popen: _Popen, sink: LineSink) -> None:
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
        for raw in stream:
            # A progress bar draws over itself: only its last state is a line.
            line = raw.decode(errors="replace").rstrip("\r\n").rpartition("\r")[2]
            self._tail.append(line)
            lines.put(line)
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
    """Starts processes from its one long-lived thread and registers them."""

    def __init__(self, registry: Processes) -> None:
        self._registry = registry
        self._orders: queue.Queue[tuple[Callable[[], _Popen], Future[_Popen]]] = queue.Queue()
        threading.Thread(target=self._serve, name="process-launcher", daemon=True).start()

    def _serve(self) -> None:
        while True:
            call, future = self._orders.get()
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

        variables = {"OMP_NUM_THREADS": str(_THREADS), **env}

        def start() -> _Popen:
            return self._registry.start(
                kind, name, command, environment=variables, folder=cwd, output=subprocess.PIPE
            )

        future: Future[_Popen] = Future()
        self._orders.put((start, future))
        return GroupProcess(future.result(), sink)
