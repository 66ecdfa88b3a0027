"""Files as an instance that has just started finds them: on the disk and not in memory."""

from __future__ import annotations

import os
from pathlib import Path


def forget(folder: Path) -> None:
    """Take the weights out of the page cache (posix_fadvise(2)), where the system can."""
    if not hasattr(os, "posix_fadvise"):
        return
    for file in folder.rglob("*.safetensors"):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)  # what is not written yet cannot be forgotten
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
