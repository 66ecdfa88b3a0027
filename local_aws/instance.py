"""Starting and stopping the server process, and finding it again later.

A note in the data folder names the process by pid *and* start time, so a stale note (crash,
reboot, recycled pid) is recognised and never leads to ending a stranger.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from local_aws import client, server
from local_aws.processes import birth, end_leftovers
from local_aws.settings import CHECKOUT, HOST, Settings

START_TIMEOUT = 60.0
STOP_GRACE = 15.0  # seconds for the server to end its processes before it is killed
NEEDED_BYTES = 500 * 1024 * 1024  # bundles, base model, a few training jobs


# Servers that this very process started: it must collect their exit status.
_children: dict[int, subprocess.Popen[bytes]] = {}


class InstanceError(RuntimeError):
    """Something the person at the terminal can act on; the text is one sentence."""


@dataclass(frozen=True)
class Instance:
    """A running server process."""

    pid: int
    born: str
    port: int


def _note(data_dir: Path) -> Path:
    return data_dir / "instance.json"


def _log(data_dir: Path) -> Path:
    return data_dir / "server.log"


def running(data_dir: Path) -> Instance | None:
    """The instance of this data folder, if its process is alive."""
    try:
        found = Instance(**json.loads(_note(data_dir).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.born and birth(found.pid) == found.born else None


def _check(settings: Settings) -> None:
    existing = running(settings.data_dir)
    if existing is not None:
        message = (
            f"An embedded AWS already runs on port {existing.port} for this folder: "
            "stop it first with `python -m local_aws down`."
        )
        raise InstanceError(message)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(settings.data_dir).free
    except OSError as error:
        message = f"The data folder {settings.data_dir} cannot be used: {error.strerror}."
        raise InstanceError(message) from None
    if free < NEEDED_BYTES:
        message = (
            f"Only {free // 2**20} MiB are free for {settings.data_dir}, "
            f"{NEEDED_BYTES // 2**20} MiB are needed."
        )
        raise InstanceError(message)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, settings.port))
        except (OSError, OverflowError):
            message = (
                f"Port {settings.port} cannot be used (is something else listening on it?): "
                "choose another, with --port or `make demo PORT=...`."
            )
            raise InstanceError(message) from None


def _prepare(settings: Settings) -> None:
    _check(settings)
    end_leftovers(settings.run_dir)
    shutil.rmtree(settings.run_dir, ignore_errors=True)
    (settings.run_dir / "tmp").mkdir(parents=True)


def up(settings: Settings) -> Instance:
    """Start the server in the background and wait until it answers.

    Raises:
        InstanceError: it cannot start; says why in a sentence.
    """
    _prepare(settings)
    log = _log(settings.data_dir)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local_aws.server"],
            cwd=CHECKOUT,
            env=server.environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[process.pid] = process
    found = Instance(process.pid, birth(process.pid), settings.port)
    _note(settings.data_dir).write_text(json.dumps(asdict(found)))
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        health = client.health(settings.port)
        if health is not None and health["pid"] == process.pid:
            return found
        if process.poll() is not None:
            _children.pop(process.pid)
            break
        time.sleep(0.1)
    down(settings.data_dir)
    last = log.read_text(errors="replace").strip().rpartition("\n")[2]
    message = f"The embedded AWS did not start: {last or 'it wrote nothing'} (see {log})."
    raise InstanceError(message)


def run_in_foreground(settings: Settings) -> None:
    """Become the server process; does not return."""
    _prepare(settings)
    found = Instance(os.getpid(), birth(os.getpid()), settings.port)
    _note(settings.data_dir).write_text(json.dumps(asdict(found)))
    os.chdir(CHECKOUT)
    command = [sys.executable, "-m", "local_aws.server"]
    os.execve(sys.executable, command, server.environment(settings))  # noqa: S606 - ourselves


def down(data_dir: Path) -> str:
    """Stop the server and everything it started; returns a sentence about what was done."""
    found = running(data_dir)
    if found is not None:
        os.kill(found.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_GRACE
        while time.monotonic() < deadline and birth(found.pid) == found.born:
            time.sleep(0.1)
        if birth(found.pid) == found.born:
            os.killpg(found.pid, signal.SIGKILL)
    for pid, child in list(_children.items()):
        if (found is not None and found.pid == pid) or child.poll() is not None:
            child.wait()
            del _children[pid]
    leftovers = end_leftovers(data_dir / "run")
    _note(data_dir).unlink(missing_ok=True)
    shutil.rmtree(data_dir / "run", ignore_errors=True)
    if found is None and not leftovers:
        return "The embedded AWS was not running."
    return "The embedded AWS is stopped."


def print_log(data_dir: Path, *, follow: bool) -> None:
    """Copy the server's log to the terminal; with `follow`, until interrupted."""
    log = _log(data_dir)
    if not log.exists():
        message = "There is no log: the embedded AWS has not run with this data folder."
        raise InstanceError(message)
    with log.open(errors="replace") as lines:
        while True:
            line = lines.readline()
            if line:
                sys.stdout.write(line)
            elif follow:
                sys.stdout.flush()
                time.sleep(0.3)
            else:
                return
