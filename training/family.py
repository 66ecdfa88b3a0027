"""What a family of base models must say of itself to be trained: the seam.

The loop, its measuring and its checkpoints know no family. A new one is an entry in
`contract/architecture.py`, a class here beside `UNetFamily` and `MMDiTFamily`, and its line in
`FAMILIES`. What a denoiser wants done to its latents (FLUX packs them into patches) happens inside
`predict`: outside, latents are (n, channels, height, width).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from contract.base_model import Family
from training.mmdit_family import MMDiTFamily
from training.unet_family import UNetFamily

if TYPE_CHECKING:
    import torch
    from diffusers import SchedulerMixin
    from transformers import PreTrainedTokenizerBase

    from training.conditioning import Conditioning
    from training.noise import NoiseProcess
    from training.subject_token import LearnedToken


class DenoiserFamily(Protocol):
    """The port. One instance belongs to one loaded base model."""

    @property
    def denoiser_class(self) -> type[torch.nn.Module]:
        """The diffusers model in the denoiser's folder."""
        ...

    @property
    def encoder_classes(self) -> Sequence[type[torch.nn.Module]]:
        """The transformers models in the text encoders' folders, in the architecture's order."""
        ...

    @property
    def tokenizer_classes(self) -> Sequence[type[PreTrainedTokenizerBase]]:
        """As above, for the tokenizers' folders."""
        ...

    @property
    def scheduler_class(self) -> type[SchedulerMixin]:
        """How the scheduler's folder is read."""
        ...

    def noise(self, scheduler: SchedulerMixin) -> NoiseProcess:
        """The noise that the denoiser was trained with."""
        ...

    def encode(
        self,
        tokenizers: Sequence[object],
        encoders: Sequence[torch.nn.Module],
        tokens: dict[str, LearnedToken],
        texts: list[str],
    ) -> Conditioning:
        """Texts as the family's stock pipeline encodes them, the learned rows laid over."""
        ...

    def predict(
        self,
        denoiser: torch.nn.Module,
        noisy: torch.Tensor,
        times: torch.Tensor,
        told: Conditioning,
        side: int,
    ) -> torch.Tensor:
        """The denoiser's answer in its own dtype; `side` is the picture's edge in pixels."""
        ...


FAMILIES: dict[Family, type[DenoiserFamily]] = {
    Family.SD: UNetFamily,
    Family.SDXL: UNetFamily,
    Family.SD3: MMDiTFamily,
}
