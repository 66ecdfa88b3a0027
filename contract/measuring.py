"""`clip/` beside a base model's parts: the image encoder that trainings are measured by.

It is published with the base and no part of its hash: adapters do not depend on it, and a base may
get one later. A base without one is measured by simpler means (`training/encoders.py`).
"""

from collections.abc import Collection

MEASURING_FOLDER = "clip"
PROJECTION_FILE = "text_projection.safetensors"
PIXELS_FILE = "preprocessor_config.json"
WEIGHTS_FILE = "model.safetensors"
_NEEDED = ("config.json", WEIGHTS_FILE, PROJECTION_FILE)


def measuring_files(names: Collection[str]) -> list[str]:
    """The encoder's files among a base's, by path from its root; none unless it is whole."""
    inside = {name: f"{MEASURING_FOLDER}/{name}" for name in (*_NEEDED, PIXELS_FILE)}
    if not all(inside[name] in names for name in _NEEDED):
        return []
    return [path for path in inside.values() if path in names]
