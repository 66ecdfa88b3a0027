"""Importing large libraries."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Within, Python's collector of cyclic garbage rests.

    Importing makes hundreds of thousands of objects, which all stay; the collector looks through
    them again and again, for a fifth of the time that torch, transformers and diffusers take.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
