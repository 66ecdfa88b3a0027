"""Loading the frozen base model."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ModelMixin
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from contract.architecture import ARCHITECTURES, Architecture
from contract.base_folder import described, variant_of
from contract.base_model import BaseModel
from contract.errors import ContractError
from contract.training_failure import FailureCode
from contract.training_job import Precision
from training.errors import TrainingError
from training.family import FAMILIES, DenoiserFamily
from training.noise import NoiseProcess

_DTYPES = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16}


@dataclass(frozen=True)
class Base:
    """The base model's parts on their device, frozen; tokenizers and encoders belong in pairs."""

    description: BaseModel
    family: DenoiserFamily
    tokenizers: list[PreTrainedTokenizerBase]
    text_encoders: list[PreTrainedModel]
    vae: AutoencoderKL
    denoiser: ModelMixin
    noise: NoiseProcess

    @property
    def architecture(self) -> Architecture:
        """The family's layout."""
        return ARCHITECTURES[self.description.family]

    @cached_property
    def device(self) -> torch.device:
        """Where the parts are: asked once, as diffusers goes through all modules for it."""
        return torch.device(self.denoiser.device)

    def latent_shape(self, side: int) -> tuple[int, int, int]:
        """Channels, height and width of a picture's latents; `side` in pixels."""
        factor = 2 ** (len(self.vae.config.block_out_channels) - 1)
        return self.vae.config.latent_channels, side // factor, side // factor

    def decoded(self, latents: torch.Tensor) -> torch.Tensor:
        """Pictures (n, 3, side, side) in about −1…1 of latents as the denoiser knows them."""
        config = self.vae.config
        picture: torch.Tensor = self.vae.decode(
            latents / config.scaling_factor + (config.shift_factor or 0.0)
        ).sample
        return picture


def load_base(folder: Path, base_model_id: str, precision: Precision, device: torch.device) -> Base:
    """Load from a diffusers folder. Raises TrainingError BASE_MODEL_INVALID.

    The autoencoder stays in fp32: SDXL's overflows below it, and latents are computed only once.
    """
    try:
        description = described(folder)
    except ContractError as error:
        raise _invalid(str(error)) from error
    if description.id != base_model_id:
        raise _invalid(f"the channel holds {description.id}, not {base_model_id}")
    try:
        return _load(folder, description, _DTYPES[precision], device)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise _invalid(f"{type(error).__name__} while loading it") from error


def _invalid(problem: str) -> TrainingError:
    return TrainingError(
        FailureCode.BASE_MODEL_INVALID, f"The base model cannot be used: {problem}."
    )


def _load(folder: Path, description: BaseModel, dtype: torch.dtype, device: torch.device) -> Base:
    architecture = ARCHITECTURES[description.family]
    family = FAMILIES[description.family]()
    variant = variant_of(folder)

    def part(kind: type[torch.nn.Module], name: str, precision: torch.dtype) -> torch.nn.Module:
        model: torch.nn.Module = kind.from_pretrained(  # type: ignore[attr-defined]
            folder / name,
            dtype=precision,
            variant=variant,
            use_safetensors=True,
            local_files_only=True,
        )
        return model.to(device).requires_grad_(requires_grad=False).eval()

    encoders = zip(family.encoder_classes, architecture.text_encoders, strict=False)
    scheduler = family.scheduler_class.from_pretrained(folder / "scheduler", local_files_only=True)
    return Base(
        description=description,
        family=family,
        tokenizers=[
            kind.from_pretrained(folder / name, local_files_only=True)
            for kind, name in zip(family.tokenizer_classes, architecture.tokenizers, strict=False)
        ],
        text_encoders=[part(kind, name, dtype) for kind, name in encoders],
        vae=part(AutoencoderKL, "vae", torch.float32),
        denoiser=part(family.denoiser_class, architecture.denoiser, dtype),
        noise=family.noise(scheduler),
    )
