"""Named recipes: how long a training goes on, and which ingredients it has.

An environment's recipe says what fits its base model (resolution, rank, rates, batch and a number
of steps); a preset stretches the steps and sets the switches. Rank and targets are no part of it:
they are fixed per base model, so that the endpoint can swap any adapter in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contract.document import Scalar


class PresetName(StrEnum):
    """What a caller may ask for."""

    FAST = "fast"
    BALANCED = "balanced"
    QUALITY = "quality"


@dataclass(frozen=True)
class Preset:
    """`steps` as a share of the recipe's; `switches` are hyperparameters by name."""

    steps: float
    switches: Mapping[str, Scalar]

    @property
    def cost(self) -> float:
        """Passes of the denoiser, with the measuring, in units of the recipe's bare steps."""
        samples = 2 if self.switches.get("prior_preservation") else 1
        share = self.switches["evaluation_share"]
        return self.steps * samples * (1 + float(share or 0))

    def max_steps(self, recipe_steps: int) -> int:
        """How many steps that is; at least one."""
        return max(1, round(recipe_steps * self.steps))


PRESETS: Mapping[PresetName, Preset] = {
    PresetName.FAST: Preset(
        steps=0.5,
        switches={"subject_mask": 0.5, "evaluation_share": 0.2},
    ),
    PresetName.BALANCED: Preset(
        steps=1.0,
        switches={
            "ema_decay": 0.99,
            "subject_mask": 0.5,
            "close_crops": True,
            "evaluation_share": 0.2,
        },
    ),
    PresetName.QUALITY: Preset(
        steps=1.5,
        switches={
            "ema_decay": 0.995,
            "subject_mask": 0.5,
            "close_crops": True,
            "prior_preservation": True,
            "prior_images": 48,
            "evaluation_share": 0.25,
        },
    ),
}
