"""What one running instance of the embedded AWS was started with.

The server process carries these values in its environment, so that every part of it can ask
`current()` without passing them through each call.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "000000000000"
REGION = "us-east-1"
HOST = "127.0.0.1"
ADMIN_ACCESS_KEY_ID = "test"
ADMIN_SECRET_ACCESS_KEY = "test"  # noqa: S105 - the emulator's fixed root secret, loopback only
DEFAULT_PORT = 4566
DEFAULT_SPEED = 30.0
CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULT_DATA_DIR = CHECKOUT / ".local"


@dataclass(frozen=True)
class Settings:
    """Port, data folder and clock speed of one instance.

    `speed` divides the minutes of scaling: a CloudWatch period of 60 s lasts 60 / speed seconds.
    """

    port: int = DEFAULT_PORT
    data_dir: Path = DEFAULT_DATA_DIR
    speed: float = DEFAULT_SPEED
    parts: tuple[str, ...] = ()  # further modules with an `install()`, for tests of the seam

    @property
    def endpoint(self) -> str:
        """Base URL of this instance."""
        return f"http://{HOST}:{self.port}"

    @property
    def run_dir(self) -> Path:
        """Folder for what lives only as long as this instance: jobs, temporary files."""
        return self.data_dir / "run"

    def seconds(self, aws_seconds: float) -> float:
        """How long a duration of AWS's clock lasts on this machine, in seconds."""
        return aws_seconds / self.speed

    def as_environment(self) -> dict[str, str]:
        """The variables that carry these settings into the server process."""
        return {
            "LOCAL_AWS_PORT": str(self.port),
            "LOCAL_AWS_DATA": str(self.data_dir),
            "LOCAL_AWS_SPEED": repr(self.speed),
            "LOCAL_AWS_PARTS": ",".join(self.parts),
        }


def current() -> Settings:
    """The settings of the instance that this process is."""
    return Settings(
        port=int(os.environ.get("LOCAL_AWS_PORT", DEFAULT_PORT)),
        data_dir=Path(os.environ.get("LOCAL_AWS_DATA", DEFAULT_DATA_DIR)),
        speed=float(os.environ.get("LOCAL_AWS_SPEED", DEFAULT_SPEED)),
        parts=tuple(filter(None, os.environ.get("LOCAL_AWS_PARTS", "").split(","))),
    )
