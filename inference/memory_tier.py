"""Adapters in memory, the least recently used leaving first."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from contract.s3_location import S3Location
from inference.adapter_tensors import AdapterTensors

MAX_AGE_S = 24 * 3600.0


@dataclass(frozen=True)
class _Entry:
    tensors: AdapterTensors
    source: S3Location
    since: float


class MemoryTier:
    """At most `limit_bytes` of adapters, by SHA-256; 0 keeps none. Not for threads."""

    def __init__(self, limit_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_bytes = limit_bytes
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self.size_bytes = 0

    def get(self, sha256: str) -> AdapterTensors | None:
        """The adapter, now the most recently used, or None."""
        self._drop_expired()
        entry = self._entries.get(sha256)
        if entry is None:
            return None
        self._entries.move_to_end(sha256)
        return entry.tensors

    def put(self, tensors: AdapterTensors, source: S3Location) -> None:
        """Keep it, at the cost of others; one that is larger than the tier is not kept."""
        sha256, size = tensors.manifest.sha256, tensors.size_bytes
        self.drop(sha256)
        if size > self.limit_bytes:
            return
        while self.size_bytes + size > self.limit_bytes:
            self.drop(next(iter(self._entries)))
        self._entries[sha256] = _Entry(tensors, source, self._clock())
        self.size_bytes += size

    def drop(self, sha256: str, *, wipe: bool = False) -> None:
        """Forget one; `wipe` overwrites it as well."""
        entry = self._entries.pop(sha256, None)
        if entry is None:
            return
        self.size_bytes -= entry.tensors.size_bytes
        if wipe:
            entry.tensors.wipe()

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self.size_bytes = 0

    def sources(self) -> dict[str, S3Location]:
        """Where each came from, by SHA-256."""
        self._drop_expired()
        return {sha256: entry.source for sha256, entry in self._entries.items()}

    def __len__(self) -> int:
        return len(self._entries)

    def _drop_expired(self) -> None:
        now = self._clock()
        for sha256, entry in list(self._entries.items()):
            if now - entry.since > MAX_AGE_S:
                self.drop(sha256)
