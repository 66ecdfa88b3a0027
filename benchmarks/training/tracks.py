"""Who is timed against whom, on which base, with which settings: the same on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.training.recipe import settings_of
from contract.base_model import Family
from contract.document import Scalar
from contract.training_presets import PresetName


class Contender(StrEnum):
    """The third is the script with the one option of its own that saves work."""

    OURS = "ours"
    SCRIPT = "diffusers' script"
    PRECOMPUTED = "diffusers' script, texts precomputed"


@dataclass(frozen=True)
class Track:
    """`base` is one of the shipped models; `prior` switches prior preservation on."""

    name: str
    base: str
    family: Family
    prior: bool
    contenders: tuple[Contender, ...]
    rank: int
    batch: int

    def settings(self, steps: int) -> dict[str, Scalar]:
        """Ours without any ingredient that the script has not: no word, mean, mask or weighting,
        every photo learned, nothing measured before the last step."""
        return {**_BARE, "rank": self.rank, "batch_size": self.batch, "max_steps": steps,
                "prior_preservation": self.prior}  # fmt: skip


_BARE: Mapping[str, Scalar] = {
    "learning_rate": settings_of(PresetName.FAST)["learning_rate"],
    "align_faces": False,
    "adapt_convolutions": False,
    "token_fraction": 0.0,
    "caption_dropout": 0.0,
    "min_snr_gamma": 0.0,
    "ema_decay": 0.0,
    "subject_mask": 0.0,
    "close_crops": False,
    "mirror": False,
    "hold_out": False,
    "choose_checkpoint": False,
    "evaluation_share": 0.0,
    "prior_images": 12,
    "checkpoint_every": 100_000,
    "gradient_checkpointing": False,
}
_RANK = int(settings_of(PresetName.FAST)["rank"] or 0)
_BATCH = int(settings_of(PresetName.FAST)["batch_size"] or 0)
_BOTH = (Contender.OURS, Contender.SCRIPT)
TRACKS = (
    Track("miniature", "miniature", Family.SD, False, tuple(Contender), _RANK, _BATCH),
    Track("miniature, prior preservation", "miniature", Family.SD, True, _BOTH, _RANK, _BATCH),
    Track("tiny SDXL", "tiny-sdxl", Family.SDXL, False, _BOTH, _RANK, 1),
)
