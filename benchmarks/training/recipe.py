"""What the laptop's service trains with: cdk.json's recipe and presets, as settings of the job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from benchmarks.training.watched import ROOT
from contract.document import Scalar
from contract.training_presets import PRESETS, PresetName

_ENVIRONMENT = "local"
# The base model's own, whatever is configured.
_LEFT_OUT = {"resolution"}


@cache
def _configured() -> Mapping[str, Any]:
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    block: Mapping[str, Any] = context["environments"][_ENVIRONMENT]["domain"]["training"]
    return block


def settings_of(preset: PresetName, share: float = 1.0) -> dict[str, Scalar]:
    """A preset's settings in that environment; `share` of its steps, at least four."""
    recipe: dict[str, Any] = dict(_configured()["recipe"])
    ingredients: Mapping[str, Scalar] = recipe.pop("ingredients", {})
    chosen = PRESETS[preset]
    settings: dict[str, Scalar] = {
        **{name: value for name, value in recipe.items() if name not in _LEFT_OUT},
        **ingredients,
        **chosen.switches,
        **_configured().get("presets", {}).get(preset, {}),
    }
    steps = chosen.max_steps(int(recipe["max_steps"] or 0))
    settings["max_steps"] = max(4, round(steps * share))
    return settings
