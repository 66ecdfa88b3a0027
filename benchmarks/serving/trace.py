"""A day of many tenants in small: requests by Zipf's law over 500 subjects, end to end.

The miniature at two steps and 64 pixels, so that what surrounds the denoising shows. The tiers hold
fewer adapters than there are subjects. The variants take one thing away each; in the last two, a
call to the store takes 25 ms, as one to a bucket does.
"""

from __future__ import annotations

import random
import shutil
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.serving.served import (
    WORK,
    Objects,
    base_of,
    published,
    request_for,
    resident_mib,
    server_of,
)
from contract.generation_result import GenerationResponse

_SUBJECTS, _RANK, _EXPONENT = 500, 8, 1.0
_ON_DISK, _IN_MEMORY = 200, 60  # adapters that the tiers have room for
_STORE_S = 0.025


@dataclass(frozen=True)
class Setup:
    """What a variant has."""

    host: bool = True
    prefetch: bool = True
    store_seconds: float = 0.0


VARIANTS = {
    "all tiers": Setup(),
    "no host tier": Setup(host=False),
    "slow store with prefetch": Setup(store_seconds=_STORE_S),
    "slow store without prefetch": Setup(prefetch=False, store_seconds=_STORE_S),
}


def measure(variant: str, requests: int) -> dict[str, Any]:
    """Seconds of each request, of its processor, and until its adapter was in place."""
    setup = VARIANTS[variant]
    store = Objects(setup.store_seconds)
    base = base_of("miniature")
    adapters = published(base, store, _SUBJECTS, _RANK)
    size = len(next(c for name, c in store.objects.items() if name.endswith(".safetensors")))
    folder = f"trace {variant}"
    shutil.rmtree(WORK / "cache" / folder, ignore_errors=True)
    server = server_of(
        base,
        store,
        folder,
        disk_bytes=_ON_DISK * size,
        # Files are in half precision, this base in single: twice the bytes in memory.
        host_bytes=2 * _IN_MEMORY * size if setup.host else 0,
    )
    held = server._generator.adapters
    if not setup.prefetch:
        server._generator.prefetch = lambda request: None  # type: ignore[method-assign]  # noqa: ARG005
    server.answer(request_for(base, adapters[-1]).to_json())  # makes the slot
    held.found.clear()
    weights = [1 / rank**_EXPONENT for rank in range(1, _SUBJECTS + 1)]
    order = random.Random(7).choices(adapters, weights, k=requests)
    seconds, cpu, loading = [], [], []
    for number, adapter in enumerate(order):
        asked = request_for(base, adapter, seed=number).to_json()
        since, processor = time.perf_counter(), time.process_time()
        answer = GenerationResponse.from_json(server.answer(asked))
        seconds.append(round(time.perf_counter() - since, 4))
        cpu.append(round(time.process_time() - processor, 4))
        loading.append(answer.timings.adapter_load_s)
    return {
        "variant": variant,
        "requests": requests,
        "distinct": len(set(order)),
        "found": {tier.value: count for tier, count in sorted(held.found.items())},
        "seconds": seconds,
        "cpu": cpu,
        "adapter": loading,
        "resident_mib": round(resident_mib(), 1),
    }
