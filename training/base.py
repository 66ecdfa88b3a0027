"""Loading the frozen base model."""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from contract.base_folder import described, variant_of
from contract.base_model import BaseModel, Family
from contract.errors import ContractError
from contract.training_failure import FailureCode
from contract.training_job import Precision
from training.errors import TrainingError

_DTYPES = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16}


@dataclass(frozen=True)
class Base:
    """The base model's parts on their device, frozen. SDXL has two tokenizers and encoders."""

    description: BaseModel
    tokenizers: list[CLIPTokenizer]
    text_encoders: list[CLIPTextModel | CLIPTextModelWithProjection]
    vae: AutoencoderKL
    unet: UNet2DConditionModel
    scheduler: DDIMScheduler

    @property
    def device(self) -> torch.device:
        """Where the parts are."""
        return torch.device(self.unet.device)


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
    variant = variant_of(folder)

    def part(kind: type, name: str, precision: torch.dtype) -> torch.nn.Module:
        model: torch.nn.Module = kind.from_pretrained(  # type: ignore[attr-defined]
            folder / name,
            dtype=precision,
            variant=variant,
            use_safetensors=True,
            local_files_only=True,
        )
        return model.to(device).requires_grad_(requires_grad=False).eval()

    encoders = [part(CLIPTextModel, "text_encoder", dtype)]
    tokenizers = [CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)]
    if description.family is Family.SDXL:
        encoders.append(part(CLIPTextModelWithProjection, "text_encoder_2", dtype))
        tokenizers.append(
            CLIPTokenizer.from_pretrained(folder / "tokenizer_2", local_files_only=True)
        )
    scheduler = DDIMScheduler.from_pretrained(folder / "scheduler", local_files_only=True)
    return Base(
        description=description,
        tokenizers=tokenizers,
        text_encoders=encoders,
        vae=part(AutoencoderKL, "vae", torch.float32),
        unet=part(UNet2DConditionModel, "unet", dtype),
        # DDIM's clip_sample default is meant for pixels: it would cut off latents.
        scheduler=DDIMScheduler.from_config(
            scheduler.config, clip_sample=False, thresholding=False
        ),
    )
