"""Adapters from the bucket to the UNet, through as many tiers as the machine has.

    store ─fetch, checksum─▶ disk ─read, check, convert─▶ host ─copy─▶ device ─copy─▶ slot
    (S3)                                                 (pinned)     (CUDA only)    (one)

Every tier keeps what fits it, the least recently used leaving first. Whatever tier a request is
served from, the store is asked whether the adapter is still there: an erasure reaches all of them.
"""

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

import torch

from contract.adapter import AdapterManifest
from contract.generation import AdapterReference
from contract.s3_location import S3Location
from inference.active_adapters import ActiveAdapters
from inference.adapter_cache import AdapterCache
from inference.adapter_slot import AdapterSlot
from inference.adapter_tensors import AdapterTensors, check_manifest, read_adapter
from inference.base import Base
from inference.errors import AdapterError
from inference.memory_tier import MemoryTier
from inference.settings import TierLimits


class Tier(StrEnum):
    """Where an adapter was found."""

    SLOT = "slot"
    DEVICE = "device"
    HOST = "host"
    DISK = "disk"
    STORE = "store"


@dataclass(frozen=True)
class ActiveAdapter:
    """The adapter in the slot; the rows of its word lie on the device."""

    manifest: AdapterManifest
    source: S3Location
    vectors: list[torch.Tensor]


class Adapters:
    """One slot, and the tiers behind it. One thread asks; another may fetch ahead and sweep."""

    def __init__(
        self,
        base: Base,
        widths: list[int],
        disk: AdapterCache,
        limits: TierLimits,
        switches: ActiveAdapters,
    ) -> None:
        self._base = base
        self._widths = widths
        self._place = base.unet.device
        self._slot = AdapterSlot(base.unet, switches)
        self._active: ActiveAdapter | None = None
        self._disk = disk
        self._host = MemoryTier(limits.host_bytes)
        has_accelerator = self._place.type != "cpu"
        self._device = MemoryTier(limits.device_bytes if has_accelerator else 0)
        self._lock = threading.Lock()
        self._ahead = ThreadPoolExecutor(max_workers=1, thread_name_prefix="adapter-ahead")
        self._coming: tuple[AdapterReference, Future[AdapterTensors | None]] | None = None
        self.found: Counter[Tier] = Counter()
        self.latest: Tier | None = None

    def prefetch(self, wanted: AdapterReference) -> None:
        """Begin to bring an adapter into memory; `activate` waits for it, and tells of errors.

        Its word's rows come with it, so no text of the subject can be encoded before; meanwhile
        the store is asked about the request, and what is unwanted is encoded.
        """
        self._coming = wanted, self._ahead.submit(self._bring, wanted)

    def activate(self, wanted: AdapterReference) -> ActiveAdapter:
        """Put an adapter into the slot and switch it on.

        Raises AdapterError, after which no tier holds it, or GenerationFailedError (storage).
        """
        coming, self._coming = self._coming, None
        try:
            if coming is not None and coming[0] == wanted:
                tensors = coming[1].result()
            else:
                tensors = self._bring(wanted)
            if tensors is not None:
                self._put(tensors, wanted.uri)
        except AdapterError:
            with self._lock:
                self._forget(wanted.sha256)
            raise
        self._slot.switch(on=True)
        assert self._active is not None  # noqa: S101 - put above, or found in the slot
        return self._active

    def deactivate(self) -> None:
        """Exactly the base model, until the next `activate`."""
        self._slot.switch(on=False)

    def sweep(self) -> None:
        """Let go of what left the store, in every tier. Raises GenerationFailedError."""
        with self._lock:
            gone = self._disk.sweep()
            held = {**self._host.sources(), **self._device.sources()}
            if self._active is not None:
                held[self._active.manifest.sha256] = self._active.source
            for sha256, source in held.items():
                if sha256 in gone or (not self._disk.holds(sha256) and self._disk.is_gone(source)):
                    self._forget(sha256)

    def relieve(self) -> None:
        """Give the accelerator's memory back: a request did not fit beside the adapters kept."""
        with self._lock:
            self._device.clear()

    def _bring(self, wanted: AdapterReference) -> AdapterTensors | None:
        """The adapter in the nearest tier of memory; None where the slot holds it."""
        with self._lock:
            if self._active is not None and self._active.manifest.sha256 == wanted.sha256:
                self._disk.demand(wanted)
                self._count(Tier.SLOT)
                return None
            for name, tier in ((Tier.DEVICE, self._device), (Tier.HOST, self._host)):
                tensors = tier.get(wanted.sha256)
                if tensors is not None:
                    self._disk.demand(wanted)
                    self._count(name)
                    return tensors
            self._count(Tier.DISK if self._disk.holds(wanted.sha256) else Tier.STORE)
            cached = self._disk.get(wanted)
            check_manifest(cached.manifest, self._base.description)
            tensors = read_adapter(cached, self._widths, self._base.unet.dtype)
            self._host.put(tensors, wanted.uri)
            return tensors

    def _count(self, tier: Tier) -> None:
        self.found[tier] += 1
        self.latest = tier

    def _put(self, tensors: AdapterTensors, source: S3Location) -> None:
        if tensors.flat.device != self._place and self._device.limit_bytes:
            tensors = tensors.to(self._place)
            with self._lock:
                self._device.put(tensors, source)
        self._active = None
        self._slot.put(tensors)
        # A copy of the rows: a tier may be wiped while they are in use.
        vectors = [table.to(self._place, copy=True) for table in tensors.vectors]
        self._active = ActiveAdapter(tensors.manifest, source, vectors)

    def _forget(self, sha256: str) -> None:
        """Leave nothing of an adapter: it was erased, or is no good."""
        self._disk.drop(sha256)
        for tier in (self._device, self._host):
            tier.drop(sha256, wipe=True)
        if self._slot.held is not None and self._slot.held.sha256 == sha256:
            self._slot.clear()
            self._active = None
