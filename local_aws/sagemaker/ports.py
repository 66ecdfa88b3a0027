"""What the engines need of the world. In tests, memory; in the embedded AWS, `aws_ports.py`.

Whatever touches the customer's data names the execution role: the platform has no other
permission, in AWS as here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class S3Uri:
    """`s3://bucket/key`; the key may be empty or a prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> S3Uri:
        """Parse; raises ValueError for anything that is not an s3 URI with a bucket."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            message = f"not an S3 URI: {uri}"
            raise ValueError(message)
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def under(self, name: str) -> S3Uri:
        """The object `name` below this one as a folder."""
        folder = self.key if not self.key or self.key.endswith("/") else f"{self.key}/"
        return S3Uri(self.bucket, folder + name)


@dataclass(frozen=True)
class StoredObject:
    """One listed object."""

    uri: S3Uri
    size: int


class ObjectStore(Protocol):
    """S3 as one role sees it. Every method raises StoreError."""

    def list(self, prefix: S3Uri) -> list[StoredObject]:
        """All objects whose key starts with the prefix's key."""
        ...

    def size(self, uri: S3Uri) -> int:
        """Size of one object in bytes."""
        ...

    def read(self, uri: S3Uri) -> bytes:
        """The whole object."""
        ...

    def download(self, uri: S3Uri, path: Path) -> None:
        """Copy the object into a file; its folder exists."""
        ...

    def write(
        self, uri: S3Uri, body: bytes, *, content_type: str = "", kms_key: str | None = None
    ) -> None:
        """Put an object."""
        ...

    def upload(self, path: Path, uri: S3Uri, *, kms_key: str | None = None) -> None:
        """Put a file."""
        ...


@dataclass(frozen=True)
class Metric:
    """One value in namespace AWS/SageMaker."""

    name: str
    value: float
    unit: str
    dimensions: Mapping[str, str] = field(default_factory=dict)


class Platform(Protocol):
    """The parts of AWS around SageMaker."""

    def check_role(self, role_arn: str) -> None:
        """Raise ValidationException unless SageMaker may assume the role."""
        ...

    def store(self, role_arn: str) -> ObjectStore:
        """S3 with the role's permissions."""
        ...

    def environment(self, role_arn: str) -> dict[str, str]:
        """Environment of a process that acts as the role."""
        ...

    def publish(self, role_arn: str, topic_arn: str, message: str) -> None:
        """Publish to SNS as the role; raises StoreError when that is refused."""
        ...

    def event(
        self, detail_type: str, detail: Mapping[str, object], resources: Sequence[str]
    ) -> None:
        """Put an `aws.sagemaker` event on the default bus."""
        ...

    def metrics(self, metrics: Iterable[Metric]) -> None:
        """Publish metrics to CloudWatch and to the store that Auto Scaling reads."""
        ...

    def log(self, group: str, stream: str, lines: Sequence[str]) -> None:
        """Append to CloudWatch Logs."""
        ...


class Child(Protocol):
    """A process and its descendants."""

    @property
    def pid(self) -> int:
        """Process id, also of its process group."""
        ...

    def poll(self) -> int | None:
        """Exit code (negative: the signal that ended it), None while it runs."""
        ...

    def wait(self, seconds: float) -> int | None:
        """As `poll`, after waiting at most so long."""
        ...

    def terminate(self) -> None:
        """SIGTERM to the process: it may tidy up."""
        ...

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        ...

    def tail(self) -> list[str]:
        """The last lines that it wrote."""
        ...


LineSink = Callable[[Sequence[str]], None]


class Launcher(Protocol):
    """Starts processes."""

    def launch(
        self,
        kind: str,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        sink: LineSink,
    ) -> Child:
        """Start a process in a group of its own; `sink` gets its output lines in batches."""
        ...
