"""What sets the families of base models apart: their folders, and where an adapter goes.

A family is added here first; `training/family.py` says what it then needs to be trained.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from contract.adapter import CONVOLUTIONS, TARGETS, TOKEN_KEYS, UNET_PREFIX
from contract.base_model import Family

# Joint attention (Esser et al. 2024, arXiv:2403.03206) projects the text's side apart.
_JOINT_TARGETS = ("add_k_proj", "add_q_proj", "add_v_proj", "to_add_out")


@dataclass(frozen=True)
class Architecture:
    """One family's layout.

    `pipeline` and `denoiser_class` are diffusers' names. The folders are `denoiser`, those of text
    encoders and tokenizers, `vae` and `scheduler`. The first `learned_encoders` text encoders learn
    a word. `predictions` are what the denoiser may have been trained to predict. `targets` are what
    LoRA goes on, and also `convolutions` where a recipe asks for it.
    """

    pipeline: str
    denoiser: str
    denoiser_class: str
    text_encoders: tuple[str, ...]
    tokenizers: tuple[str, ...]
    learned_encoders: int
    targets: tuple[str, ...]
    convolutions: tuple[str, ...]
    predictions: tuple[str, ...]
    is_served: bool

    @property
    def prefix(self) -> str:
        """What the adapter's LoRA keys begin with."""
        return f"{self.denoiser}."

    @property
    def token_keys(self) -> tuple[str, ...]:
        """The adapter's keys of learned words."""
        return TOKEN_KEYS[: self.learned_encoders]

    def adapted(self, *, convolutions: bool) -> tuple[str, ...]:
        """The modules that an adapter changes."""
        return tuple(sorted((*self.targets, *(self.convolutions if convolutions else ()))))

    def may_adapt(self, modules: Collection[str]) -> bool:
        """Whether adapters of some recipe change just these."""
        return tuple(sorted(modules)) in {self.adapted(convolutions=both) for both in (True, False)}


EPSILON, VELOCITY, FLOW = "epsilon", "v_prediction", "flow"

ARCHITECTURES: Mapping[Family, Architecture] = {
    Family.SD: Architecture(
        pipeline="StableDiffusionPipeline",
        denoiser=UNET_PREFIX.removesuffix("."),
        denoiser_class="UNet2DConditionModel",
        text_encoders=("text_encoder",),
        tokenizers=("tokenizer",),
        learned_encoders=1,
        targets=TARGETS,
        convolutions=CONVOLUTIONS,
        predictions=(EPSILON, VELOCITY),
        is_served=True,
    ),
    Family.SDXL: Architecture(
        pipeline="StableDiffusionXLPipeline",
        denoiser=UNET_PREFIX.removesuffix("."),
        denoiser_class="UNet2DConditionModel",
        text_encoders=("text_encoder", "text_encoder_2"),
        tokenizers=("tokenizer", "tokenizer_2"),
        learned_encoders=2,
        targets=TARGETS,
        convolutions=CONVOLUTIONS,
        predictions=(EPSILON, VELOCITY),
        is_served=True,
    ),
    Family.SD3: Architecture(
        pipeline="StableDiffusion3Pipeline",
        denoiser="transformer",
        denoiser_class="SD3Transformer2DModel",
        text_encoders=("text_encoder", "text_encoder_2", "text_encoder_3"),
        tokenizers=("tokenizer", "tokenizer_2", "tokenizer_3"),
        learned_encoders=2,
        targets=tuple(sorted((*TARGETS, *_JOINT_TARGETS))),
        convolutions=(),
        predictions=(FLOW,),
        is_served=False,
    ),
}
