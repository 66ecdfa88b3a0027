"""An environment that differs from one of ``cdk.json``: a JSON merge patch in a file, RFC 7396.

``cdk synth -c environment=local -c patch=demo/several_models.json``: what the file names replaces,
what it sets to null is removed, lists are replaced as a whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra.settings import SettingsError


def patched(environments: object, name: object, file: str | None) -> object:
    """The environments with the patch in that file applied to the one of that name.

    Raises:
        SettingsError: the file cannot be read, or is no JSON object.
    """
    if file is None or not isinstance(environments, dict):
        return environments
    try:
        patch = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"the patch '{file}' cannot be read: {error}") from error
    if not isinstance(patch, dict):
        raise SettingsError(f"the patch '{file}' is no JSON object")
    return {**environments, name: merge(environments.get(name), patch)}


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2: MergePatch."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged
