"""Memory over thousands of swaps among 200 adapters: what the process holds after every tenth.

Every swap goes through the tiers as a request's does. Every tenth one is a whole request with its
picture, so that what requests leave behind would show as well; `swaps only` leaves the pictures
out, and so tells a leak from a heap that pictures spread. The server sweeps now and then, as it
does every ten minutes.

Three counts, since each misses something: pages that the process holds; bytes that malloc has given
out (flat while pages grow: a heap with gaps); blocks of Python's own allocator, which malloc does
not know (small objects: where a leak hides longest).
"""

from __future__ import annotations

import ctypes
import random
import shutil
import sys
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
SWAPS_ONLY = ", swaps only"


class _MallInfo(ctypes.Structure):
    """mallinfo2(3): of glibc 2.33 and later."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def measure(variant: str, swaps: int) -> dict[str, Any]:
    """[[swaps so far, resident MiB, MiB given out by malloc, Python's blocks], …].

    Every swap is to another adapter than the one before.
    """
    with_pictures = not variant.endswith(SWAPS_ONLY)
    store, base = Objects(), base_of(variant.removesuffix(SWAPS_ONLY))
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
        if swap % _SWEEP_EVERY == 0:
            server.sweep()
        if with_pictures and swap % _EVERY == 0:
            server.answer(request_for(base, adapters[number], seed=swap, steps=1).to_json())
        else:
            held.activate(adapters[number])
        if swap % _EVERY == 0:
            curve.append([swap, round(resident_mib(), 2), _given_out_mib(), _blocks()])
    return {
        "swaps": swaps,
        "adapters": _ADAPTERS,
        "found": {tier.value: count for tier, count in sorted(held.found.items())},
        "curve": curve,
    }


def _blocks() -> int:
    return sys.getallocatedblocks()


def _given_out_mib() -> float | None:
    """None where the C library does not tell."""
    tell = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if tell is None:
        return None
    tell.restype = _MallInfo
    told = tell()
    given_out: int = told.uordblks + told.hblkhd
    return round(given_out / (1 << 20), 2)
