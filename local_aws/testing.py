"""A private embedded AWS for a test run: own process, port and data folder, gone afterwards."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws import client, instance
from local_aws.settings import DEFAULT_SPEED, HOST, Settings


@dataclass(frozen=True)
class EmbeddedAws:
    """A running instance, as a test sees it."""

    port: int
    data_dir: Path
    pid: int

    @property
    def endpoint(self) -> str:
        """Base URL."""
        return client.endpoint(self.port)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a child process that acts as the administrator."""
        return client.environment(self.port)

    @property
    def log(self) -> str:
        """The server's log so far."""
        return (self.data_dir / "server.log").read_text(errors="replace")

    def client(self, service: str, **credentials: str) -> Any:
        """A boto3 client; the administrator's unless credentials are given."""
        return client.client(service, self.port, **credentials)

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """A test control call: POST `body`, or GET."""
        return client.control(path, body, self.port)

    def control_delete(self, path: str) -> Any:
        """A test control call with DELETE: takes back what a test planted."""
        return client.control(path, None, self.port, "DELETE")


def free_port() -> int:
    """A port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def embedded_aws(
    *, speed: float = DEFAULT_SPEED, data_dir: Path | None = None, parts: tuple[str, ...] = ()
) -> Iterator[EmbeddedAws]:
    """Start an instance on a free port; stop it and everything it started on the way out."""
    with tempfile.TemporaryDirectory(prefix="local-aws-") as folder:
        place = data_dir or Path(folder)
        settings = Settings(free_port(), place.resolve(), speed, parts)
        started = instance.up(settings)
        try:
            yield EmbeddedAws(started.port, settings.data_dir, started.pid)
        finally:
            instance.down(settings.data_dir)
