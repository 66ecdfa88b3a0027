"""`clip/` beside a base model's parts: the image encoder that trainings are measured by.

It is published with the base and no part of its hash: adapters do not depend on it, and a base may
get one later. A base without one is measured by simpler means (`training/encoders.py`).
"""

from pathlib import Path

MEASURING_FOLDER = "clip"
PROJECTION_FILE = "text_projection.safetensors"
PIXELS_FILE = "preprocessor_config.json"
WEIGHTS_FILE = "model.safetensors"
_NEEDED = ("config.json", WEIGHTS_FILE, PROJECTION_FILE)


def measuring_files(folder: Path) -> list[Path]:
    """The encoder's files, relative to the base's folder; none if it is not there or not whole."""
    part = folder / MEASURING_FOLDER
    if not all((part / name).is_file() for name in _NEEDED):
        return []
    present = [name for name in (*_NEEDED, PIXELS_FILE) if (part / name).is_file()]
    return [Path(MEASURING_FOLDER) / name for name in present]
