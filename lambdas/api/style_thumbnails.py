"""The style presets' thumbnails, which ship with the API as files: `python -m demo.thumbnails`.

They go into the answer of GET /styles as data URLs: small, the same for everybody, and one request
instead of one for each.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "thumbnails"
SIDE = 128  # pixels
MAX_ALL_BYTES = 300 * 1024  # of the files together; base64 makes a third more of it


def file_name(preset: str) -> str:
    """The file of a preset's thumbnail."""
    return f"{preset}.webp"


@cache
def thumbnail(preset: str, folder: Path = FOLDER) -> str | None:
    """The thumbnail as a data URL, or None where a preset has none yet."""
    try:
        content = (folder / file_name(preset)).read_bytes()
    except FileNotFoundError:
        return None
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"
