"""Memory over 1,000 swaps among 200 adapters: what the process holds after every tenth.

Every swap goes through the tiers as a request's does; every tenth one is a whole request with its
picture, so that what requests leave behind would show as well. The server sweeps now and then, as
it does every ten minutes.
"""

from __future__ import annotations

import random
import shutil
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

_ADAPTERS, _RANK, _EVERY, _SWEEP_EVERY = 200, 8, 10, 50
_IN_MEMORY, _ON_DISK = 50, 120


def measure(variant: str, swaps: int) -> dict[str, Any]:
    """[[swaps so far, MiB], …]; every swap is to another adapter than the one before."""
    store, base = Objects(), base_of(variant)
    adapters = published(base, store, _ADAPTERS, _RANK)
    size = len(next(c for name, c in store.objects.items() if name.endswith(".safetensors")))
    shutil.rmtree(WORK / "cache" / "memory", ignore_errors=True)
    server = server_of(
        base,
        store,
        "memory",
        disk_bytes=_ON_DISK * size,
        host_bytes=2 * _IN_MEMORY * size,
    )
    held = server._generator.adapters
    chosen, number, curve = random.Random(11), 0, []
    for swap in range(swaps + 1):
        number = (number + chosen.randrange(1, _ADAPTERS)) % _ADAPTERS
        if swap % _EVERY:
            held.activate(adapters[number])
            continue
        if swap % _SWEEP_EVERY == 0:
            server.sweep()
        server.answer(request_for(base, adapters[number], seed=swap, steps=1).to_json())
        curve.append([swap, round(resident_mib(), 2)])
    return {
        "swaps": swaps,
        "adapters": _ADAPTERS,
        "found": {tier.value: count for tier, count in sorted(held.found.items())},
        "curve": curve,
    }
