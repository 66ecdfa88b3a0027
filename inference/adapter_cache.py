"""Adapters on the instance's disk, the least recently used leaving first.

An entry is a folder named by the adapter's SHA-256. It appears by renaming once manifest, size and
checksum fit, so whatever lies there is whole. An entry is used only while its manifest is still in
the store: what a user erased is not served again, and leaves the disk as soon as that is noticed.
Entries leave after a day at the latest.
"""

import logging
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from contract.adapter import ADAPTER_FILE, MANIFEST_FILE, AdapterManifest
from contract.document import MAX_DOCUMENT_BYTES
from contract.errors import ChecksumError, ContractError
from contract.generation import AdapterReference
from contract.s3_location import S3Location
from inference.errors import AdapterError, GenerationFailedError
from inference.object_store import ObjectMissingError, ObjectStore, StoreUnavailableError

_log = logging.getLogger(__name__)
_MAX_AGE_S = 24 * 3600.0
# Beside the adapter: where it came from.
_SOURCE_FILE = "source.txt"


@dataclass(frozen=True)
class CachedAdapter:
    """An adapter on disk that was checked against its manifest."""

    manifest: AdapterManifest
    file: Path


class AdapterCache:
    """Fetches adapters, and keeps at most `limit_bytes` of them."""

    def __init__(self, store: ObjectStore, folder: Path, limit_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._limit = limit_bytes
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("fetching-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def get(self, wanted: AdapterReference) -> CachedAdapter:
        """From disk or from the store. Raises AdapterError, or GenerationFailedError (storage)."""
        self._drop_expired()
        entry = self._folder / wanted.sha256
        if not entry.is_dir():
            self._fetch(wanted, entry)
        else:
            self.demand(wanted)
        os.utime(entry)
        manifest = AdapterManifest.from_json((entry / MANIFEST_FILE).read_bytes())
        return CachedAdapter(manifest, entry / ADAPTER_FILE)

    def demand(self, wanted: AdapterReference) -> None:
        """Raise AdapterError unless the store still has it, wherever a copy may lie here."""
        if self.is_gone(wanted.uri):
            self.drop(wanted.sha256)
            raise AdapterError("adapter_missing", "The adapter is not there.")

    def holds(self, sha256: str) -> bool:
        """Whether it lies on disk."""
        return (self._folder / sha256 / MANIFEST_FILE).is_file()

    def drop(self, sha256: str) -> None:
        """Forget an adapter that turned out to be unusable."""
        shutil.rmtree(self._folder / sha256, ignore_errors=True)

    def sweep(self) -> set[str]:
        """Drop what left the store; the SHA-256 of each. Raises GenerationFailedError."""
        gone = {
            entry.name
            for entry in self._entries()
            if self.is_gone(S3Location.parse((entry / _SOURCE_FILE).read_text()))
        }
        for sha256 in gone:
            _log.info("event=adapter_gone sha256=%s", sha256[:12])
            self.drop(sha256)
        return gone

    def is_gone(self, adapter: S3Location) -> bool:
        """Whether the store has no manifest there any more. Raises GenerationFailedError."""
        try:
            return not self._store.exists(adapter.child(MANIFEST_FILE))
        except StoreUnavailableError as error:
            raise _unreadable(error) from error

    @property
    def size_bytes(self) -> int:
        """What the adapters on disk take."""
        return sum(self._size(entry) for entry in self._entries())

    def _fetch(self, wanted: AdapterReference, entry: Path) -> None:
        partial = Path(tempfile.mkdtemp(prefix="fetching-", dir=self._folder))
        try:
            text = self._store.read(wanted.uri.child(MANIFEST_FILE), MAX_DOCUMENT_BYTES + 1)
            manifest = AdapterManifest.from_json(text)
            if manifest.sha256 != wanted.sha256:
                raise ChecksumError("the manifest is of another adapter")
            self._make_room(manifest.size_bytes)
            self._store.download(wanted.uri.child(ADAPTER_FILE), partial / ADAPTER_FILE)
            manifest.verify(partial / ADAPTER_FILE)
            (partial / MANIFEST_FILE).write_bytes(text)
            (partial / _SOURCE_FILE).write_text(str(wanted.uri))
            partial.rename(entry)
        except ObjectMissingError as error:
            raise AdapterError("adapter_missing", "The adapter is not there.") from error
        except StoreUnavailableError as error:
            raise _unreadable(error) from error
        except ContractError as error:
            raise AdapterError("adapter_invalid", f"The adapter is damaged: {error}.") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _make_room(self, size: int) -> None:
        if size > self._limit:
            raise AdapterError("adapter_too_large", "The adapter is larger than the whole cache.")
        oldest_first = sorted(self._entries(), key=lambda entry: entry.stat().st_mtime_ns)
        total = sum(self._size(entry) for entry in oldest_first)
        for entry in oldest_first:
            if total + size <= self._limit:
                break
            total -= self._size(entry)
            _log.info("event=adapter_evicted sha256=%s", entry.name[:12])
            shutil.rmtree(entry, ignore_errors=True)

    def _drop_expired(self) -> None:
        for entry in self._entries():
            # The manifest's own time does not change with use: it is when the entry was fetched.
            if time.time() - (entry / MANIFEST_FILE).stat().st_mtime > _MAX_AGE_S:
                shutil.rmtree(entry, ignore_errors=True)

    def _entries(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if (path / MANIFEST_FILE).is_file()]

    @staticmethod
    def _size(entry: Path) -> int:
        return (entry / ADAPTER_FILE).stat().st_size


def _unreadable(error: StoreUnavailableError) -> GenerationFailedError:
    return GenerationFailedError("storage_unavailable", f"The adapter could not be read ({error}).")
