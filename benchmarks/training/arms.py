"""What is compared: the untuned base, diffusers' script, our presets, and ingredients taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.training.recipe import settings_of
from contract.document import Scalar
from contract.training_presets import PresetName


class Side(StrEnum):
    """Who trains."""

    NOBODY = "nobody"
    OURS = "ours"
    DIFFUSERS = "diffusers"


@dataclass(frozen=True)
class Arm:
    """`changes` overrule the preset's settings; `share` is that of its steps.

    An ablation compares the arm `beside` with this one, and `turn` says what this one changes.
    """

    name: str
    side: Side
    preset: PresetName = PresetName.FAST
    changes: Mapping[str, Scalar] = field(default_factory=dict)
    share: float = 1.0
    beside: str = ""
    turn: str = ""

    def settings(self, share: float) -> dict[str, Scalar]:
        """What the job is told; `share` shortens the run further."""
        return {**settings_of(self.preset, self.share * share), **self.changes}


BASE, SCRIPT, FAST = "untuned base", "diffusers' script", "ours, fast"
# The rate that the script itself proposes, train_dreambooth_lora.py --help.
_SCRIPTS_RATE = 5e-4
ARMS = (
    Arm(BASE, Side.NOBODY),
    Arm(SCRIPT, Side.DIFFUSERS),
    Arm(FAST, Side.OURS),
    Arm("diffusers' script at its own rate", Side.DIFFUSERS, changes={
        "learning_rate": _SCRIPTS_RATE,
    }),
    Arm("textual inversion only", Side.OURS, changes={
        "lora_rate_factor": 0.0,
        "token_fraction": 1.0,
    }),
    Arm("ours, balanced", Side.OURS, PresetName.BALANCED),
    Arm("ours, quality", Side.OURS, PresetName.QUALITY),
)  # fmt: skip
# The same likeness sooner: shorter runs of the fast preset beside the script's checkpoints.
SHORTER = tuple(
    Arm(f"{FAST}, {share:.0%} of the steps", Side.OURS, share=share) for share in (0.25, 0.5)
)


def _without(turn: str, **changes: Scalar) -> Arm:
    return Arm(f"{FAST}, without {turn}", Side.OURS, changes=changes, beside=FAST, turn=f"− {turn}")


def _with(turn: str, **changes: Scalar) -> Arm:
    return Arm(f"{FAST}, with {turn}", Side.OURS, changes=changes, beside=FAST, turn=f"+ {turn}")


ABLATIONS = (
    _without("subject mask", subject_mask=0.0),
    _without("caption dropout", caption_dropout=0.0),
    _without("portraits", align_faces=False),
    _without("LoRA on convolutions", adapt_convolutions=False),
    _without("learned token", token_fraction=0.0),
    _without("choosing by held-out photos", choose_checkpoint=False, hold_out=False),
    _with("min-SNR", min_snr_gamma=5.0),
    _with("EMA", ema_decay=0.98),
    _with("prior preservation", prior_preservation=True),
)
