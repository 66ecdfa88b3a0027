"""The weights on their way from disk to memory while Python is busy importing its libraries.

Importing takes seconds of a processor and no disk, reading the weights seconds of a disk and no
processor. What has been read lies in the page cache, which loading then maps. Several reads at a
time: a network disk gives its bandwidth only to those who ask for much at once.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

_STREAMS = 4
_STRETCH_BYTES = 64 << 20
_BLOCK_BYTES = 4 << 20


def read_ahead(folder: Path) -> threading.Thread:
    """Begin to read every weight file under the folder, and return at once.

    A file that cannot be read is left to whoever loads it.
    """
    reading = threading.Thread(target=_read_all, args=(folder,), name="read-ahead", daemon=True)
    reading.start()
    return reading


def _read_all(folder: Path) -> None:
    stretches = [
        (file, start)
        for file in sorted(folder.rglob("*.safetensors"), key=_size, reverse=True)
        for start in range(0, _size(file), _STRETCH_BYTES)
    ]
    with ThreadPoolExecutor(_STREAMS, thread_name_prefix="read-ahead") as pool:
        list(pool.map(_read, stretches))


def _read(stretch: tuple[Path, int]) -> None:
    file, start = stretch
    block = bytearray(_BLOCK_BYTES)
    with suppress(OSError):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            for place in range(start, start + _STRETCH_BYTES, _BLOCK_BYTES):
                if not os.preadv(descriptor, [block], place):
                    return
        finally:
            os.close(descriptor)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
