"""Loading the base model once, at start."""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from contract.architecture import ARCHITECTURES
from contract.base_folder import described, variant_of
from contract.base_model import BaseModel, Family
from inference.doubling import DoublerNetwork, read_doubler
from inference.few_step import FewStepAdapter, read_few_step
from inference.settings import Precision

_DTYPES = {
    Precision.FP32: torch.float32,
    Precision.FP16: torch.float16,
    Precision.BF16: torch.bfloat16,
}


@dataclass(frozen=True)
class Base:
    """A diffusers pipeline and the parts of it that adapters touch."""

    description: BaseModel
    pipeline: StableDiffusionPipeline | StableDiffusionXLPipeline
    tokenizers: list[CLIPTokenizer]
    text_encoders: list[CLIPTextModel | CLIPTextModelWithProjection]
    few_step: FewStepAdapter | None = None
    doubler: DoublerNetwork | None = None
    is_compiled: bool = False

    @property
    def unet(self) -> UNet2DConditionModel:
        """The denoiser, which takes the LoRA."""
        return self.pipeline.unet

    @property
    def vae(self) -> AutoencoderKL:
        """The autoencoder."""
        return self.pipeline.vae

    @property
    def is_xl(self) -> bool:
        """Whether there are two text encoders and sizes to tell."""
        return self.description.family is Family.SDXL


def load_base(
    folder: Path,
    base_model_id: str,
    precision: Precision,
    device: torch.device,
    *,
    compile_blocks: bool = False,
) -> Base:
    """Load a published base model; raises if the folder is not whole or is another model.

    `compile_blocks` compiles the UNet's repeated blocks only ("regional compilation",
    docs.pytorch.org/tutorials/recipes/regional_compilation.html), at their first use: one block's
    code serves all its repetitions, and swapping an adapter's numbers does not touch it.
    """
    description = described(folder)
    if description.id != base_model_id:
        raise ValueError("the model folder holds another base model than BASE_MODEL_ID names")
    if not ARCHITECTURES[description.family].is_served:
        raise ValueError(f"bases of family {description.family} can be trained, but not served")
    xl = description.family is Family.SDXL
    kind = StableDiffusionXLPipeline if xl else StableDiffusionPipeline
    # Screening is the application's: a second opinion in here would hide pictures from reviewers.
    plain = {"add_watermarker": False} if xl else {"safety_checker": None}
    pipeline = kind.from_pretrained(
        folder,
        dtype=_DTYPES[precision],
        variant=variant_of(folder),
        use_safetensors=True,
        local_files_only=True,
        **plain,
    ).to(device)
    pipeline.set_progress_bar_config(disable=True)
    tokenizers, encoders = [pipeline.tokenizer], [pipeline.text_encoder]
    if xl:
        tokenizers.append(pipeline.tokenizer_2)
        encoders.append(pipeline.text_encoder_2)
    for model in (pipeline.unet, pipeline.vae, *encoders):
        model.requires_grad_(requires_grad=False).eval()
    if compile_blocks:
        pipeline.unet.compile_repeated_blocks()
    few_step = read_few_step(folder, description)
    doubler = read_doubler(folder, device)
    return Base(description, pipeline, tokenizers, encoders, few_step, doubler, compile_blocks)
