"""Checkpoints: copied down before a job starts, copied up while it runs."""

from __future__ import annotations

from pathlib import Path

from local_aws.sagemaker.ports import ObjectStore, S3Uri
from local_aws.sagemaker.training_inputs import inside

_Signature = tuple[int, int]  # modification time in ns, size in bytes


class CheckpointSync:
    """Mirrors one folder to one prefix. Nothing is ever deleted in S3, as in AWS."""

    def __init__(self, store: ObjectStore, prefix: S3Uri, folder: Path) -> None:
        self._store = store
        self._prefix = prefix
        self._folder = folder
        self._sent: dict[Path, _Signature] = {}

    def restore(self) -> int:
        """Copy all objects of the prefix into the folder; returns how many. Raises StoreError."""
        base = self._prefix.under("").key
        restored = 0
        for found in self._store.list(S3Uri(self._prefix.bucket, base)):
            name = found.uri.key[len(base) :]
            if not name or name.endswith("/"):
                continue
            path = inside(self._folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._store.download(found.uri, path)
            self._sent[path] = _signature(path)
            restored += 1
        return restored

    def sync(self) -> int:
        """Upload what changed, oldest first, so that a pointer never precedes what it points to.

        A file that changes while it is read waits for the next round: an object is always a
        whole file. Returns how many were uploaded; raises StoreError.
        """
        changed: list[tuple[_Signature, Path]] = []
        for path in self._folder.rglob("*"):
            try:
                if path.is_file() and not path.is_symlink():
                    signature = _signature(path)
                    if self._sent.get(path) != signature:
                        changed.append((signature, path))
            except FileNotFoundError:
                continue  # a temporary file that was just renamed
        uploaded = 0
        for signature, path in sorted(changed):
            try:
                body = path.read_bytes()
                if _signature(path) != signature:
                    continue
            except FileNotFoundError:
                continue
            name = path.relative_to(self._folder).as_posix()
            self._store.write(self._prefix.under(name), body)
            self._sent[path] = signature
            uploaded += 1
        return uploaded


def _signature(path: Path) -> _Signature:
    status = path.stat()
    return status.st_mtime_ns, status.st_size
